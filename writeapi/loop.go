package writeapi

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Model is the read model that decisions load their state from.
type Model interface {
	Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error)
	List(ctx context.Context, needs domain.Needs, query domain.Query) (domain.Snapshot, domain.Page, error)
	Accessible(ctx context.Context, query domain.AccessQuery) ([]domain.Access, error)
}

// Progress tells how far the read model is.
type Progress interface {
	// Position is that of the last entry known to be in the read model.
	Position() domain.Position
	// Wait returns nil once the read model holds the entry at the position, or the error of ctx.
	Wait(ctx context.Context, position domain.Position) error
}

// ErrBehind: the read model is more than MaxLag or MaxLagBytes behind the log, which refuses every write.
var ErrBehind = errors.New("the read model is behind the log")

// Config of a Loop.
type Config struct {
	Catalog  *domain.Catalog
	Log      eventstore.Log
	Model    Model
	Progress Progress
	Logger   logrus.FieldLogger
	Now      func() time.Time // the wall clock; default time.Now
	// React, if set, is told of the changes of every transaction.
	React Reaction

	// MaxRound is the greatest number of transactions in one commit. Default 256.
	MaxRound int
	// MaxBytes of data bounds what one round gathers; a single transaction may be larger. Default 4 MiB.
	MaxBytes int
	// MaxWaiting transactions queue up; more are refused. Default 4096.
	MaxWaiting int
	// MaxLag is by how many entries of the log the read model may be behind before writes are refused. Default 10,000.
	MaxLag domain.Position
	// MaxLagBytes is the same for the events of these entries, which are kept in memory. Once it is exceeded by what others have
	// written, writes are refused until the read model has that. Default 128 MiB.
	MaxLagBytes int
	// Timeout bounds the accesses to the log and to the read model for a commit; a transaction waits a tenth more until it is its
	// turn. Default 10 s.
	Timeout time.Duration
	// Readable bounds how long a transaction waits until what it did, or saw, becomes readable. Default 2 s.
	Readable time.Duration
}

func (c Config) withDefaults() Config {
	set := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	set(&c.MaxRound, 256)
	set(&c.MaxBytes, 4<<20)
	set(&c.MaxWaiting, 4096)
	set(&c.MaxLagBytes, 128<<20)
	if c.MaxLag == 0 {
		c.MaxLag = 10_000
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Readable == 0 {
		c.Readable = 2 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = logrus.StandardLogger()
	}
	return c
}

// Loop is the commit loop of a writer. Several loops, in any number of processes, may write to one log.
type Loop struct {
	Config
	tail tail
	jobs chan *job

	mu       sync.Mutex
	closing  bool
	failed   error // of the last commit, nil if the log took it
	failedAt time.Time
	busy     time.Time // since when transactions are being carried out, zero if none is

	done chan struct{}
}

// job is a transaction that waits for its outcome.
type job struct {
	ctx     context.Context
	needs   domain.Needs
	run     func(*Tx) error
	err     error
	outcome chan Outcome
	settled atomic.Bool // whether it was taken up, or given up by who waits
	taken   bool        // by the loop, which alone looks at it
}

// take tells whether the job is the loop's. What who waits has given up is never run.
func (j *job) take() bool {
	j.taken = j.taken || j.settled.CompareAndSwap(false, true)
	return j.taken
}

// wait waits for the outcome, or until ctx ends, or the time is over, before the job is taken up.
func (j *job) wait(atMost time.Duration) Outcome {
	late := time.NewTimer(atMost)
	defer late.Stop()
	var err error
	select {
	case outcome := <-j.outcome:
		return outcome
	case <-late.C:
		err = unavailable("write", fmt.Errorf("those before it have not ended within %s", atMost))
	case <-j.ctx.Done():
		err = j.ctx.Err()
	}
	if j.settled.CompareAndSwap(false, true) {
		return Outcome{err: err}
	}
	return <-j.outcome
}

// Outcome of a transaction.
type Outcome struct {
	// Position of the commit, or of the state that the transaction saw if it changed nothing or was refused; 0 if it came
	// to nothing.
	Position domain.Position
	// Readable tells that the read model holds the position.
	Readable bool
	err      error
}

// NewLoop starts a loop. It runs until Close.
func NewLoop(c Config) *Loop {
	c = c.withDefaults()
	l := &Loop{
		Config: c, tail: tail{log: c.Log, most: c.MaxLagBytes}, jobs: make(chan *job, c.MaxWaiting), done: make(chan struct{}),
	}
	go l.loop()
	return l
}

// Close refuses new transactions, finishes those that wait, and returns when all are answered.
func (l *Loop) Close() {
	l.mu.Lock()
	if !l.closing {
		l.closing = true
		close(l.jobs)
	}
	l.mu.Unlock()
	<-l.done
}

// Do runs a transaction and returns when it is committed and readable, or, past Config.Readable, when it is
// committed. So it does with the error of run, which may tell of what others have committed. Needs are what the
// transaction will look at, as far as known: loading them beforehand saves round trips. Run may be called several times,
// never at the same time, and not after Do has returned.
//
// The error is that of run, or a *domain.Error: Unavailable if the transaction was refused before anything
// was appended, TooLarge if the log cannot take it. If ctx ends before the transaction is taken up, nothing happens and
// its error is returned; later it is carried out all the same, and Do returns the outcome.
// An Unavailable that wraps eventstore.ErrUnresolved means that the commit may or may not be in the log; its message
// says so.
//
// With the context of a part that is Preparing nothing happens either, and the error is for the handler to return.
//
// With a context made by WithTx, run becomes part of the transaction that is under way: on an error its effects are
// undone and the rest of the transaction goes on. Without one, run must not wait for another transaction: that begins when this one
// has ended, and is refused when its time is over (Config.Timeout).
func (l *Loop) Do(ctx context.Context, needs domain.Needs, run func(*Tx) error) (Outcome, error) {
	if p := PartOf(ctx); p != nil && p.Preparing {
		return Outcome{}, errPrepared
	}
	if tx, ok := ctx.Value(txKey{}).(*Tx); ok {
		return tx.nested(run)
	}
	j := &job{ctx: ctx, needs: needs, run: run, outcome: make(chan Outcome, 1)}
	if err := l.enqueue(j); err != nil {
		return Outcome{}, err
	}
	outcome := j.wait(l.Timeout + l.Timeout/10) // so that who is first is told what failed
	if outcome.Position <= l.Progress.Position() {
		outcome.Readable = true
		return outcome, outcome.err
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Readable)
	defer cancel()
	outcome.Readable = l.Progress.Wait(wait, outcome.Position) == nil
	return outcome, outcome.err
}

// failing is how long a failure of the log says something about the log.
const failing = 30 * time.Second

// Err is why the log did not take the last commit, nil if it did, or if that was more than half a minute ago; or that the
// transactions under way do not come to an end, which all others wait for.
func (l *Loop) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.busy.IsZero() && l.Now().Sub(l.busy) > failing {
		return fmt.Errorf("transactions do not end that began at %s", l.busy.UTC().Format(time.RFC3339))
	}
	if l.failed == nil || l.Now().Sub(l.failedAt) > failing {
		return nil
	}
	return fmt.Errorf("commit: %w", l.failed)
}

// note remembers what became of a commit. A log that refuses one for what it is does its work.
func (l *Loop) note(err error) {
	if errors.Is(err, eventstore.ErrConflict) && !errors.Is(err, eventstore.ErrCorrupt) || errors.Is(err, eventstore.ErrTooLarge) {
		err = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed, l.failedAt = err, l.Now()
}

// begins notes that transactions are being carried out from now on, or that none is.
func (l *Loop) begins(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = now
}

// Waiting is how many transactions wait for the next commit.
func (l *Loop) Waiting() int { return len(l.jobs) }

func (l *Loop) enqueue(j *job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return unavailable("write", errors.New("shutting down"))
	}
	select {
	case l.jobs <- j:
		return nil
	default:
		return unavailable("write", fmt.Errorf("%d transactions are waiting", cap(l.jobs)))
	}
}

func unavailable(op string, err error) error {
	return &domain.Error{Code: domain.Unavailable, Cause: fmt.Errorf("%s: %w", op, err)}
}

func (l *Loop) loop() {
	defer close(l.done)
	var waiting []*job
	for {
		waiting = l.gather(waiting)
		if len(waiting) == 0 {
			return
		}
		waiting = waiting[l.round(waiting):]
	}
}

// gather takes the jobs that wait, and waits for one if there is none. It returns none when the loop is closed.
func (l *Loop) gather(waiting []*job) []*job {
	if len(waiting) == 0 {
		j, open := <-l.jobs
		if !open {
			return nil
		}
		waiting = []*job{j}
	}
	for len(waiting) < l.MaxRound {
		select {
		case j, open := <-l.jobs:
			if !open {
				return waiting
			}
			waiting = append(waiting, j)
		default:
			return waiting
		}
	}
	return waiting
}

// round decides and commits jobs, as many of the first ones as fit in one commit, answers them and returns how many.
func (l *Loop) round(waiting []*job) int {
	l.begins(l.Now())
	defer l.begins(time.Time{})
	ctx, cancel := context.WithTimeout(context.Background(), l.Timeout)
	defer cancel()
	recent := false // whether the known end of the log is one that it had after the jobs came
	for {
		n, err := l.attempt(ctx, waiting, recent)
		switch {
		case errors.Is(err, eventstore.ErrCorrupt):
			err = unavailable("commit", err)
		case errors.Is(err, eventstore.ErrConflict), errors.Is(err, errStale):
			err = l.tail.extend(ctx)
			if recent = true; err == nil && ctx.Err() == nil {
				continue
			}
			err = unavailable("commit", errors.Join(err, ctx.Err()))
		case errors.Is(err, eventstore.ErrTooLarge) && n > 1:
			waiting = waiting[:1] // one by one, to find the one that is
			continue
		case errors.Is(err, eventstore.ErrTooLarge):
			err = &domain.Error{Code: domain.TooLarge, Cause: err}
		case err != nil:
			err = l.unfinished(err)
		}
		for _, j := range waiting[:n] {
			if err != nil {
				j.outcome <- Outcome{err: err}
				continue
			}
			j.outcome <- Outcome{Position: l.tail.end.Position, err: j.err}
		}
		return n
	}
}

// attempt decides jobs on the state at the end of the log and appends what they decided. If that is nothing, and the known
// end is not recent, the log is asked for what others have appended: they may have been answered while the read model
// was behind. It returns how many jobs it took, also with an error, which then concerns them all.
func (l *Loop) attempt(ctx context.Context, waiting []*job, recent bool) (int, error) {
	if err := l.tail.ensure(ctx, l.start); err != nil {
		return len(waiting), err
	}
	tx, err := l.begin(ctx, waiting)
	if err != nil {
		return len(waiting), err
	}
	n, size := 0, 0
	for n < len(waiting) && (n == 0 || size < l.MaxBytes) {
		before := tx.Savepoint()
		if err := l.run(tx, waiting[n]); err != nil {
			return len(waiting), err
		}
		for _, e := range tx.state.Pending()[before:] {
			size += len(e.Object.Data)
		}
		n++
	}
	events := tx.state.Pending()
	switch {
	case len(events) > 0:
	case recent:
		return n, nil
	default:
		return n, l.tail.confirm(ctx)
	}
	end, err := l.Log.Append(ctx, l.tail.end, eventstore.Commit{ID: uuid.NewString(), Events: events})
	l.note(err)
	if err != nil {
		return n, err
	}
	l.tail.appended(end, events)
	return n, nil
}

// unfinished is what is told of a commit that came to nothing, or of which that is not known.
func (l *Loop) unfinished(cause error) error {
	err := &domain.Error{Code: domain.Unavailable, Cause: fmt.Errorf("commit: %w", cause)}
	if errors.Is(cause, eventstore.ErrUnresolved) {
		l.tail.known = false
		err.Message = "It is not known whether the change was made."
	}
	return err
}

func (l *Loop) start() eventstore.Commit {
	now := domain.TimestampOf(l.Now())
	return eventstore.Commit{ID: uuid.NewString(), Events: []domain.Event{{
		Action: domain.Started, Object: domain.Object{LastModified: now}, Origin: domain.Origin{Time: now},
	}}}
}

// begin loads what the jobs need, in one round trip.
func (l *Loop) begin(ctx context.Context, waiting []*job) (*Tx, error) {
	var needs domain.Needs
	for _, j := range waiting {
		needs.Add(j.needs)
	}
	needs = needs.Distinct()
	loaded, err := l.Model.Load(ctx, needs)
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	if loaded.Position > l.tail.end.Position {
		if err := l.tail.extend(ctx); err != nil {
			return nil, err
		}
	}
	if end := l.tail.end.Position; loaded.Position > end {
		return nil, fmt.Errorf("the read model is at %d, ahead of the log, which ends at %d", loaded.Position, end)
	}
	if lag := l.tail.end.Position - loaded.Position; lag > l.MaxLag {
		return nil, fmt.Errorf("%w, by %d entries", ErrBehind, lag)
	}
	if err := l.tail.reach(ctx, loaded.Position); err != nil {
		return nil, err
	}
	tx := &Tx{
		ctx: ctx, loop: l, state: domain.NewState(l.Catalog, l.tail.events, l.tail.at),
		end: l.tail.end.Position, now: domain.TimestampOf(l.Now()),
	}
	tx.state.Add(needs, loaded)
	return tx, nil
}

// run runs one job. Its error is kept in the job and its effects undone; only an error that makes the
// whole round worthless is returned.
func (l *Loop) run(tx *Tx, j *job) (err error) {
	before := tx.Savepoint()
	defer func() {
		if p := recover(); p != nil {
			j.err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
		if j.err != nil {
			tx.Rollback(before)
		}
		if tx.stale {
			err = errStale
		}
	}()
	switch {
	case !j.take():
		j.err = j.ctx.Err()
		return nil
	case j.ctx.Err() != nil:
		j.err = j.ctx.Err()
	default:
		j.err = j.run(tx)
	}
	if j.err == nil {
		j.err = tx.react()
	}
	return nil
}
