package idempotency

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// Keys carries out requests that have a key. It is safe for concurrent use.
type Keys struct {
	// Loop commits effects and answers. Required.
	Loop *writeapi.Loop
	// Model is the read model that the loop decides on. Required.
	Model writeapi.Model
	// Identify finds out who makes a request to an endpoint for which the frame does not. Required.
	Identify func(*http.Request) (domain.Caller, error)
	// Limits bound what is kept.
	Limits Limits
}

// Limits bound keys and answers. A field that is zero or less stands for its default.
type Limits struct {
	Key    int // characters of a key; default 255
	Answer int // bytes of the body of an answer that is kept; default 1 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Key <= 0 {
		l.Key = 255
	}
	if l.Answer <= 0 {
		l.Answer = 1 << 20
	}
	return l
}

// Wrap is the handler for requests without a key, at no cost, and otherwise the handler in a transaction with the key.
//
// The handler must write through the loop, with the context of the request, and be fit to be called several times
// before one call counts. It is called first with a [writeapi.Part] that is Preparing, and must do nothing then that
// clients could notice.
func (k *Keys) Wrap(handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *web.Request) error {
		if !Given(r.Header) {
			return handle(w, r)
		}
		c, err := k.read(r, handle)
		if err != nil {
			return err
		}
		return c.serve(w)
	}
}

// Carry carries out a request with a key of which the body was read: content stands for it, and is the same if and only if
// the client wants the same. The handler must write through the loop, with the context of the request that it gets, which has
// no body; do nothing else that clients could notice; and be fit to be called several times before one call counts. Replayed
// tells that the answer is an earlier one, and that nothing was written.
func (k *Keys) Carry(
	w http.ResponseWriter, r *web.Request, content []byte, handle web.Handler,
) (outcome writeapi.Outcome, replayed bool, err error) {
	c, err := k.call(r, handle)
	if err != nil {
		return writeapi.Outcome{}, false, err
	}
	c.fingerprint = fingerprint(r, c.key, string(content))
	if c.part == nil {
		c.part = &writeapi.Part{}
	}
	return c.commit(w)
}

// Given tells whether a request has a key.
func Given(h http.Header) bool {
	_, given := h[Header]
	return given
}

// call is one request with a key.
type call struct {
	*Keys
	request     *web.Request
	handle      web.Handler
	body        []byte
	part        *writeapi.Part
	key         string
	id          string // of the answer
	fingerprint string
}

// call is a request of which nothing is known but who makes it.
func (k *Keys) call(r *web.Request, handle web.Handler) (*call, error) {
	key, err := k.Limits.withDefaults().keyOf(r.Header)
	if err != nil {
		return nil, err
	}
	caller := r.Caller
	if r.Endpoint.Public {
		if caller, err = k.Identify(r.Request); err != nil {
			return nil, err
		}
	}
	r.Note("replayed", false) // all attempts share what is noted from now on
	return &call{Keys: k, request: r, handle: handle, part: writeapi.PartOf(r.Context()), key: key, id: idOf(caller, key)}, nil
}

// read is the call for a request, with its body.
func (k *Keys) read(r *web.Request, handle web.Handler) (*call, error) {
	c, err := k.call(r, handle)
	if err != nil {
		return nil, err
	}
	if c.body, err = r.ReadBody(); err != nil {
		return nil, err
	}
	c.fingerprint = fingerprint(r, c.key, r.Header.Get("Content-Type"), string(c.body))
	return c, nil
}

// serve answers the request. If it is part of a batch, that has prepared it.
func (c *call) serve(w http.ResponseWriter) error {
	ctx := c.request.Context()
	switch {
	case c.part == nil:
		known, err := c.known(ctx, c.Model.Load, domain.TimestampOf(c.Loop.Now()))
		if err != nil {
			return err
		}
		if known != nil {
			c.replay(w, known)
			return nil
		}
		c.part = &writeapi.Part{Preparing: true}
		_ = c.handle(&answer{header: http.Header{}}, c.attempt(ctx)) // what is wrong will be found again
		c.part.Preparing = false
	case c.part.Preparing:
		return c.handle(w, c.attempt(ctx))
	}
	_, _, err := c.commit(w)
	return err
}

// commit carries out the request in a transaction, together with its answer, or answers as before.
func (c *call) commit(w http.ResponseWriter) (outcome writeapi.Outcome, replayed bool, err error) {
	ctx := c.request.Context()
	var known, fresh *answer // of the last attempt
	outcome, err = c.Loop.Do(ctx, c.needs(), func(tx *writeapi.Tx) (err error) {
		if known, err = c.known(ctx, tx.Load, tx.Now()); known != nil || err != nil {
			return err
		}
		fresh, err = c.carryOut(tx)
		return err
	})
	if errors.Is(err, errRefused) {
		fresh.writeTo(w)
		return outcome, false, nil
	}
	if known != nil || err != nil {
		c.request.Tell(nil) // of an attempt that does not count
	}
	if err != nil {
		return outcome, false, err
	}
	writeapi.Mark(w, outcome)
	if known != nil {
		c.replay(w, known)
	} else {
		fresh.writeTo(w)
	}
	return outcome, known != nil, nil
}

// replay gives an answer again.
func (c *call) replay(w http.ResponseWriter, known *answer) {
	c.request.Note("replayed", true)
	w.Header().Set(Replayed, "true")
	rest.Expose(w.Header(), Replayed)
	known.writeTo(w)
}

// attempt is the request, ready to be carried out.
func (c *call) attempt(ctx context.Context) *web.Request {
	r := *c.request
	r.Request = r.WithContext(writeapi.WithPart(ctx, c.part))
	r.ReplaceBody(c.body)
	return &r
}

// known is the answer that was given before, nil if there is none that counts.
func (c *call) known(
	ctx context.Context, load func(context.Context, domain.Needs) (domain.Snapshot, error), now domain.Timestamp,
) (*answer, error) {
	places := places(now, c.id)
	snapshot, err := load(ctx, domain.Needs{Objects: places})
	if err != nil {
		return nil, &domain.Error{Code: domain.Unavailable, Cause: err}
	}
	for _, u := range places {
		if o := snapshot.Objects[u]; o.Live() && now-o.LastModified < domain.Timestamp(Lifetime/time.Millisecond) {
			return answerOf(o, c.fingerprint)
		}
	}
	return nil, nil
}

// needs are what the transaction will look at, as far as it can be told.
func (c *call) needs() domain.Needs {
	now := domain.TimestampOf(c.Loop.Now())
	today := dayOf(now)
	n := domain.Needs{
		Objects: append(places(now, c.id), today), Scopes: []domain.Plural{"", days, answersOf(today)},
		Members: c.request.Caller.Members(),
	}
	if plural := c.request.Plural; plural != "" {
		n.Objects = append(n.Objects, plural.Ancestors()...)
		n.Scopes = append(n.Scopes, plural)
	}
	if c.request.URI != "" {
		n.Objects = append(n.Objects, c.request.URI)
	}
	return n
}
