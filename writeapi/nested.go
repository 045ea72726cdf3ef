package writeapi

import "context"

type txKey struct{}

// WithTx makes whatever is carried out with this context a part of a transaction that is under way, as a batch
// does with its requests. The context must not be used after the transaction.
func WithTx(ctx context.Context, tx *Tx) context.Context { return context.WithValue(ctx, txKey{}, tx) }

// nested runs a part of the transaction, which succeeds or has no effect.
func (t *Tx) nested(run func(*Tx) error) (Outcome, error) {
	before := t.Savepoint()
	if err := run(t); err != nil {
		t.Rollback(before)
		return Outcome{}, err
	}
	return Outcome{Position: t.end, Readable: true}, nil
}

type newIDKey struct{}

// WithNewID chooses beforehand the id of an object that a POST creates without naming one. A transaction of several
// such requests can then load at once what all of them look at.
func WithNewID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, newIDKey{}, id)
}

// newID is the id chosen beforehand, or one made now.
func newID(ctx context.Context, otherwise func() string) string {
	if id, chosen := ctx.Value(newIDKey{}).(string); chosen {
		return id
	}
	return otherwise()
}
