package defaultbucket

import (
	"context"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

// grant is what a request takes for granted: creations to be carried out if their objects are not there.
type grant struct {
	parts     server.Parts
	creations []domain.Command
}

func (g *grant) objects() []domain.URI {
	var uris []domain.URI
	for i := range g.creations {
		uris = append(uris, g.creations[i].URI)
	}
	return uris
}

func (g *grant) needs() domain.Needs {
	var needs domain.Needs
	for i := range g.creations {
		needs.Add(g.creations[i].Needs())
	}
	return needs
}

// missing are the creations whose objects are not in the snapshot.
func (g *grant) missing(s domain.Snapshot) []domain.Command {
	var missing []domain.Command
	for i := range g.creations {
		if !s.Objects[g.creations[i].URI].Live() {
			missing = append(missing, g.creations[i])
		}
	}
	return missing
}

// create carries out in a transaction what is missing there.
func (g *grant) create(tx *writeapi.Tx) error {
	snapshot, err := tx.Load(context.Background(), domain.Needs{Objects: g.objects()})
	if err != nil {
		return err
	}
	for _, c := range g.missing(snapshot) {
		if _, err := tx.Execute(&c); err != nil {
			return err
		}
	}
	return nil
}

// carryOut creates what is missing, and returns when it can be read. What is read with it is read in the same transaction,
// so that nobody can have deleted it again.
func (g *grant) carryOut(ctx context.Context, read func(readapi.Reader) error) error {
	outcome, err := g.parts.Write.Do(ctx, g.needs(), func(tx *writeapi.Tx) error {
		if err := g.create(tx); err != nil {
			return err
		}
		return read(tx)
	})
	if err == nil && !outcome.Readable {
		err = &domain.Error{Code: domain.Unavailable}
	}
	return err
}

// reader is one that finds what is taken for granted. Whoever reads below an object needs that anyway, so nothing is
// asked for in addition while it is there.
type reader struct {
	readapi.Reader
	*grant
}

var _ readapi.Reader = reader{}

func (r reader) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	needs.Objects = r.with(needs.Objects)
	snapshot, err := r.Reader.Load(ctx, needs)
	if err != nil || len(r.missing(snapshot)) == 0 {
		return snapshot, err
	}
	err = r.carryOut(ctx, func(tx readapi.Reader) (err error) {
		snapshot, err = tx.Load(ctx, needs)
		return err
	})
	return snapshot, err
}

func (r reader) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	needs.Objects = r.with(needs.Objects)
	snapshot, page, err := r.Reader.List(ctx, needs, q)
	if err != nil || len(r.missing(snapshot)) == 0 {
		return snapshot, page, err
	}
	err = r.carryOut(ctx, func(tx readapi.Reader) (err error) {
		snapshot, page, err = tx.List(ctx, needs, q)
		return err
	})
	return snapshot, page, err
}

// with is the objects, and those taken for granted.
func (r reader) with(objects []domain.URI) []domain.URI {
	for i := range r.creations {
		if u := r.creations[i].URI; !slices.Contains(objects, u) {
			objects = append(slices.Clip(objects), u)
		}
	}
	return objects
}
