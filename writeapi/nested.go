package writeapi

import (
	"context"

	"github.com/kintolog/kintolog/domain"
)

type txKey struct{}

// WithTx makes whatever is carried out with this context a part of a transaction that is under way, as a batch
// does with its requests. The context must not be used after the transaction.
func WithTx(ctx context.Context, tx *Tx) context.Context { return context.WithValue(ctx, txKey{}, tx) }

// nested runs a part of the transaction, which succeeds or has no effect, also if it panics: who recovers may go on.
func (t *Tx) nested(run func(*Tx) error) (_ Outcome, err error) {
	before, succeeded := t.Savepoint(), false
	defer func() {
		if !succeeded {
			t.Rollback(before)
		}
	}()
	if err = run(t); err == nil {
		err = t.react()
	}
	if err != nil {
		return Outcome{}, err
	}
	succeeded = true
	return Outcome{Position: t.end, Readable: true}, nil
}

// Part is a request that takes part in a transaction with others. From one attempt at the transaction to the next it
// keeps what is to be done once. It belongs to one goroutine at a time.
type Part struct {
	// NewID, if not empty, is the id of an object that a POST creates without naming one. Chosen beforehand, it can be
	// among what the transaction loads at once.
	NewID string
	// Preparing lets the handlers read the request and prepare its command, for the attempts to come, and no more: what
	// takes its time, such as hashing a password, must not hold up the transactions of others. The answer means nothing.
	Preparing bool

	command *domain.Command
	token   *used
	once    any
}

// used is the outcome of using up a token.
type used struct{ problem *domain.Error }

// WithPart makes the handlers carry out requests with this context as the part.
func WithPart(ctx context.Context, p *Part) context.Context {
	return context.WithValue(ctx, partKey{}, p)
}

type partKey struct{}

// WithOwnPart makes the handlers carry out requests with this context, which the handler of another request makes with its
// own, as a part of their own: of the same transaction, and with nothing but preparing to be done while that is so.
func WithOwnPart(ctx context.Context) context.Context {
	p := PartOf(ctx)
	if p == nil {
		return ctx
	}
	return WithPart(ctx, &Part{Preparing: p.Preparing})
}

// PartOf is the part that a request with this context is, nil for a request of its own.
func PartOf(ctx context.Context) *Part {
	p, _ := ctx.Value(partKey{}).(*Part)
	return p
}

// partOf is the part that a request is, a new one for a request of its own.
func partOf(ctx context.Context) *Part {
	if p := PartOf(ctx); p != nil {
		return p
	}
	return &Part{}
}

// Once is for handlers that carry out no single command: it does what is to be done once for all attempts at the
// request, and returns what came of it. If that is all that is to be done for now, because the part is Preparing, it
// returns an error that the handler is to return. What is done once can have failed, and is then tried again. A handler
// calls it once for a request. One that has nothing to do once does without: [Loop.Do] does nothing then either.
func Once[T any](ctx context.Context, do func() (T, error)) (value T, err error) {
	p := partOf(ctx)
	value, done := p.once.(T)
	if !done {
		if value, err = do(); err != nil {
			return value, err
		}
		p.once = value
	}
	if p.Preparing {
		err = errPrepared
	}
	return value, err
}

// prepared is the command of the attempts before, or the one that read returns.
func (p *Part) prepared(read func() (*domain.Command, error)) (*domain.Command, error) {
	if p.command == nil {
		c, err := read()
		if err != nil {
			return nil, err
		}
		p.command = c
	}
	if p.Preparing {
		return nil, errPrepared
	}
	c := *p.command
	return &c, nil
}

// errPrepared ends a request that was to be prepared: it is to be tried again, in the transaction.
var errPrepared = &domain.Error{Code: domain.Conflict, Message: "The request is prepared."}
