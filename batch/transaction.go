package batch

import (
	"context"
	"errors"
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// batch is one batch under way.
type batch struct {
	*Config
	outer  *web.Request
	strict bool
	parts  []part
	writes bool // whether any part may write
	over   bool // whether the batch was undone before its transaction
	failed int  // the part that undid the batch, -1 for none
}

// errUndone ends the transaction of a batch that one of its parts undid.
var errUndone = errors.New("the batch is undone by a request of it")

// carryOutBefore serves what does not tell of resources, such as a heartbeat: that is not let into the transaction,
// where it would hold up all writers. The other parts it prepares.
func (b *batch) carryOutBefore() error {
	ctx := inside(b.outer.Context())
	err := b.serve(ctx, false)
	if b.over = errors.Is(err, errUndone); b.over {
		return nil
	}
	if err == nil && b.writes {
		b.readAhead(ctx)
	}
	return err
}

// carryOut serves the parts that belong into the transaction. If one of all parts undoes the batch, failed tells which; an
// error concerns all.
func (b *batch) carryOut() (writeapi.Outcome, error) {
	if b.over || !b.writes {
		return writeapi.Outcome{Readable: true}, nil
	}
	ctx := inside(b.outer.Context())
	outcome, err := b.Loop.Do(ctx, b.needs(), func(tx *writeapi.Tx) error {
		ctx, cancel := context.WithTimeout(ctx, b.Loop.Timeout)
		defer cancel()
		return b.serve(readapi.WithReader(writeapi.WithTx(ctx, tx), tx), true)
	})
	if errors.Is(err, errUndone) {
		return outcome, nil
	}
	return outcome, err
}

// readAhead lets the parts for which that takes its time prepare what they write, outside of the transaction.
func (b *batch) readAhead(ctx context.Context) {
	for i := range b.parts {
		if p := &b.parts[i]; p.target.resource != nil && p.target.resource.Prepare != nil && isWrite(p.Method) {
			p.kept.Preparing = true
			b.Serve(b.outer, p.attempt(ctx))
			p.kept.Preparing = false
		}
	}
}

// serve serves the parts that belong into the transaction, or those that do not, one after another. It is TooLarge if their
// answers are.
func (b *batch) serve(ctx context.Context, inTx bool) error {
	b.failed = -1 // by an attempt before this one
	size := 0
	for i := range b.parts {
		p := &b.parts[i]
		if p.inTx != inTx {
			continue
		}
		p.answer = b.Serve(b.outer, p.attempt(ctx))
		if b.undoes(p.answer.Status) {
			b.failed = i
			return errUndone
		}
		if size += len(p.answer.Body); size > 4*b.Limits.Bytes {
			return &domain.Error{Code: domain.TooLarge}
		}
	}
	return nil
}

// undoes tells whether an answer undoes the whole batch: what failed inside does, a conflict that is to be tried
// again, and in a strict batch whatever is refused.
func (b *batch) undoes(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusConflict ||
		b.strict && status >= http.StatusBadRequest
}

// needs are what all parts will look at, so that it is loaded in one round trip.
func (b *batch) needs() domain.Needs {
	var needs domain.Needs
	for i := range b.parts {
		if b.parts[i].inTx {
			needs.Add(b.parts[i].needs())
		}
	}
	return needs
}
