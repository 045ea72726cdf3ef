package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// ErrNotShared: the log or the read model belongs to one process, so that no other can fold one into the other.
var ErrNotShared = errors.New("the embedded log and the SQLite read model belong to the process that opens them")

// Shared is nil if log and read model are external, so that several processes can work on them, and wraps
// [ErrNotShared] otherwise.
func (c Config) Shared() error {
	switch {
	case c.Memory || c.Log.URL == "":
		return fmt.Errorf("the log is embedded: %w", ErrNotShared)
	case c.Model.Postgres == "":
		return fmt.Errorf("the read model is SQLite: %w", ErrNotShared)
	}
	return nil
}

// Projector folds the log of an app into its read model, and serves nothing. Any number of projectors may work on one
// read model, in any processes: each commit is applied once, and when one stops the others go on.
type Projector struct {
	runner *projections.Runner
	server *Server // what it runs on
}

// OpenProjector starts a projector. Log and read model must be shared; otherwise the error wraps [ErrNotShared]. A read
// model that is not made from this log is an error as well. After an error nothing is left running. The context bounds the
// start only.
func OpenProjector(ctx context.Context, app App, config Config) (_ *Projector, err error) {
	if err := config.Shared(); err != nil {
		return nil, err
	}
	p := &Projector{server: &Server{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	parts, err := p.server.openStores(ctx, app, config.withDefaults())
	if err != nil {
		return nil, err
	}
	if p.runner, err = projections.Start(ctx, parts.Log, parts.Model, parts.Catalog, projections.RunnerOptions{}); err != nil {
		return nil, err
	}
	p.server.onClose(func() error { p.runner.Close(); return nil })
	return p, nil
}

// Run returns when ctx ends, with nil, or when the projector gives up, with the reason.
func (p *Projector) Run(ctx context.Context) error {
	err := p.runner.Wait(ctx, math.MaxUint64)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was told to end
	}
	return cmp.Or(p.runner.Err(), err)
}

// Position is that of the last entry in the read model. Lag is how many more the log is known to have.
func (p *Projector) Position() (position, lag domain.Position) {
	return p.runner.Position(), p.runner.Lag()
}

// Err is the last failure while the projector tries again, nil while it moves.
func (p *Projector) Err() error { return p.runner.Err() }

// Close stops the projector and waits until nothing is under way.
func (p *Projector) Close() error { return p.server.Close() }

// Projection is how far a read model is.
type Projection struct {
	Position, Tail domain.Position
	// Quarantined is what the read model refused, by position.
	Quarantined []projections.Row
}

// Lag is how many entries of the log are not in the read model.
func (p Projection) Lag() domain.Position { return max(p.Tail, p.Position) - p.Position }

// Inspect tells how far the read model of a service is, and changes neither it nor the log. An embedded log is started for it,
// which it can be while no process has it open, see [InUse]. The error wraps jetstream.ErrMissing or projections.ErrMissing if
// there is no log or no read model, projections.ErrOlder or ErrNewer if the read model is not of this version, and
// projections.ErrAhead or ErrDiverged if it is not made from this log.
func Inspect(ctx context.Context, config Config) (_ Projection, err error) {
	if config.Memory {
		return Projection{}, errors.New("what is kept in memory is known to the process alone that keeps it")
	}
	s := &Server{}
	defer func() { err = errors.Join(err, s.Close()) }()
	config = config.withDefaults()
	log, _, err := s.openLog(ctx, config, config.DataDir, true)
	if err != nil {
		return Projection{}, err
	}
	var seen projections.Outline
	if config.Model.Postgres != "" {
		seen, err = postgres.Look(ctx, postgres.Options{URL: config.Model.Postgres})
	} else {
		seen, err = sqlite.Look(ctx, modelFile(config.DataDir))
	}
	if err != nil {
		return Projection{}, err
	}
	tail, err := projections.VerifyAt(ctx, log, seen.Checkpoint)
	return Projection{Position: seen.Checkpoint.Position, Tail: tail.Position, Quarantined: seen.Quarantined}, err
}
