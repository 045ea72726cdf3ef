package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// applier applies entries to a store from its checkpoint on, and sets aside what the store refuses.
// It is not for concurrent use.
type applier struct {
	store      Store
	catalog    *domain.Catalog
	checkpoint eventstore.Tail
	aside      bool // something is in quarantine
	memory     *memory
}

// begin takes up work at the checkpoint.
func (a *applier) begin(ctx context.Context, checkpoint eventstore.Tail) error {
	rows, err := a.store.Quarantined(ctx)
	a.checkpoint, a.aside = checkpoint, len(rows) > 0
	return err
}

// apply applies whole commits. Those that another projector has applied already are passed over.
func (a *applier) apply(ctx context.Context, entries []eventstore.Entry) error {
	entries, err := a.skip(entries)
	if err != nil || len(entries) == 0 {
		return err
	}
	derived, err := a.derive(ctx, entries)
	if errors.Is(err, ErrMoved) {
		return a.moved(ctx, entries)
	}
	if err != nil {
		return err
	}
	change, err := Fold(a.catalog, a.checkpoint, derived)
	if err != nil {
		return err
	}
	if err := a.divert(ctx, &change); err != nil {
		return err
	}
	err = a.store.Apply(ctx, change)
	switch {
	case err == nil:
		a.checkpoint = change.To
		return nil
	case errors.Is(err, ErrMoved):
		return a.moved(ctx, entries)
	case errors.Is(err, ErrRefused):
		return a.refused(ctx, entries, change, err)
	}
	return err
}

// skip leaves out entries up to the checkpoint.
func (a *applier) skip(entries []eventstore.Entry) ([]eventstore.Entry, error) {
	for i, e := range entries {
		if e.Position == a.checkpoint.Position && e.Hash != a.checkpoint.Hash {
			return nil, diverged(a.checkpoint, e.Hash)
		}
		if e.Position > a.checkpoint.Position {
			return entries[i:], nil
		}
	}
	return nil, nil
}

// errBehind: the store holds less than was applied, as a database may that has crashed.
var errBehind = errors.New("read model has gone back")

// moved goes on from where another projector, or a change of ours whose answer was lost, has left the
// checkpoint. It is errBehind if that is not further on.
func (a *applier) moved(ctx context.Context, entries []eventstore.Entry) error {
	checkpoint, err := a.store.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if checkpoint.Position <= a.checkpoint.Position {
		return a.behind(checkpoint)
	}
	if err := a.begin(ctx, checkpoint); err != nil {
		return err
	}
	return a.apply(ctx, entries)
}

func (a *applier) behind(checkpoint eventstore.Tail) error {
	return fmt.Errorf("%w: from %d to %d", errBehind, a.checkpoint.Position, checkpoint.Position)
}

// refused finds what the store does not hold: by halves down to one commit, then row by row.
func (a *applier) refused(ctx context.Context, entries []eventstore.Entry, change Change, cause error) error {
	if middle := between(entries); middle > 0 {
		if err := a.apply(ctx, entries[:middle]); err != nil {
			return err
		}
		return a.apply(ctx, entries[middle:])
	}
	found := false
	for i := range change.Steps {
		for j := range change.Steps[i].Objects {
			row := change.Steps[i].Objects[j]
			if row.Refused != "" {
				continue
			}
			err := a.store.Check(ctx, row)
			if err != nil && !errors.Is(err, ErrRefused) {
				return err
			}
			if err != nil {
				setAside(&change.Steps[i], j, err.Error())
				found = true
			}
		}
	}
	if !found {
		return cause
	}
	if err := a.store.Apply(ctx, change); err != nil {
		return err
	}
	a.checkpoint, a.aside = change.To, true
	return nil
}

// between is the start of the commit in the middle, 0 if there is but one.
func between(entries []eventstore.Entry) int {
	for i := len(entries) / 2; i < len(entries)-1; i++ {
		if entries[i].Last {
			return i + 1
		}
	}
	for i := len(entries)/2 - 1; i >= 0; i-- {
		if entries[i].Last {
			return i + 1
		}
	}
	return 0
}

// divert makes later states of an object that is in quarantine queue behind it. A purge or flush in the
// change frees what it removes.
func (a *applier) divert(ctx context.Context, change *Change) error {
	if !a.aside {
		return nil
	}
	rows, err := a.store.Quarantined(ctx)
	if err != nil {
		return err
	}
	a.aside = len(rows) > 0
	held := map[domain.URI]bool{}
	for _, row := range rows {
		held[row.URI] = true
	}
	for i := range change.Steps {
		step := &change.Steps[i]
		for u := range held {
			if step.Flush || step.Purge.Top != "" && step.Purge.Top.Contains(u.Plural()) {
				delete(held, u)
			}
		}
		for j, row := range step.Objects {
			if held[row.URI] {
				setAside(step, j, "an earlier state of the object is in quarantine")
			}
		}
	}
	return nil
}

// setAside sends a row to the quarantine; the count of live objects stays as it is.
func setAside(step *Step, row int, reason string) {
	r := &step.Objects[row]
	r.Refused = strings.ReplaceAll(strings.ToValidUTF8(reason, "?"), "\x00", "?")
	plural := r.URI.Plural()
	i := slices.IndexFunc(step.Scopes, func(s ScopeChange) bool { return s.Plural == plural })
	step.Scopes[i].Live -= r.Live
}

// replay applies the last states of those objects in quarantine that the store takes by now, in one change; the others stay
// where they are.
func (a *applier) replay(ctx context.Context) error {
	if !a.aside {
		return nil
	}
	rows, err := a.store.Quarantined(ctx)
	if err != nil {
		return err
	}
	f := folder{shape: a.catalog}
	f.begin(Step{})
	for _, row := range lasting(rows) {
		row.Members, row.IsGroup = a.catalog.Members(row.Resource, row.Object)
		switch err := a.store.Check(ctx, row); {
		case errors.Is(err, ErrRefused):
		case err != nil:
			return err
		default:
			f.release(row, a.checkpoint.Position)
		}
	}
	if len(f.step().Release) == 0 {
		return nil
	}
	a.memory = nil // of what the objects were before
	f.change.From, f.change.To = a.checkpoint, a.checkpoint
	return a.store.Apply(ctx, f.change)
}

// lasting is what comes of rows that were set aside: the last state of each object.
func lasting(rows []Row) []Row {
	var last []Row
	places := map[domain.URI]int{}
	for _, row := range rows {
		row.Refused = ""
		i, again := places[row.URI]
		if !again {
			places[row.URI] = len(last)
			last = append(last, row)
			continue
		}
		row.Fresh, row.Live = last[i].Fresh, last[i].Live+row.Live
		last[i] = row
	}
	return last
}
