// Package jetstream keeps the log in a NATS JetStream stream, one message for each entry.
//
// It is not a general client: everything it knows about the content of an entry it has from
// package eventstore. Start with [Open], then append.go for how a commit becomes durable exactly once,
// and read.go for how it comes back. Package jetstream/embedded runs the server in the process.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Log is a log in a stream. It does not own the connection.
type Log struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	config Config
	limits eventstore.Limits

	mu    sync.Mutex
	known known
}

// known is the newest end of a commit seen, and the connection epoch it was seen in: after a reconnect
// the server may have restarted without its last entries.
type known struct {
	tail  eventstore.Tail
	epoch uint64
}

var _ eventstore.Log = (*Log)(nil)

// ErrNoLeader: no server leads the log. In a cluster most of the servers that keep it must run.
var ErrNoLeader = errors.New("no server leads the log")

// ErrMissing: there is no stream of that name, and none is to be made.
var ErrMissing = errors.New("there is no log yet")

// headroom is kept free in every message for its headers.
const headroom = 1024

// Open creates the stream, unless that is to exist, or checks that the one that exists keeps the promises of a log and
// refuses it otherwise. It stores nothing. While no server leads the stream, as after a failure, it waits for one, for
// half a minute; then the error wraps [ErrNoLeader]. The connection should reconnect forever
// (nats.MaxReconnects(-1)); where outsiders share the account, it needs an inbox prefix that
// they cannot subscribe to.
func Open(ctx context.Context, nc *nats.Conn, config Config) (*Log, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if err := checkServer(nc); err != nil {
		return nil, fmt.Errorf("open log %q: %w", config.Name, err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open log %q: %w", config.Name, err)
	}
	stream, err := backoff.Retry(ctx, func() (jetstream.Stream, error) {
		stream, err := ensure(ctx, js, config)
		if err != nil && !leaderless(err) {
			err = backoff.Permanent(err)
		}
		return stream, err
	}, backoff.WithMaxElapsedTime(patience))
	switch {
	case leaderless(err) && !errors.Is(err, ErrNoLeader):
		err = fmt.Errorf("%w: %w", ErrNoLeader, err)
	case errors.Is(err, nats.ErrNoResponders):
		err = fmt.Errorf("JetStream does not answer, the NATS servers must have it switched on: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open log %q: %w", config.Name, err)
	}
	limits := eventstore.DefaultLimits
	limits.Payload = int(nc.MaxPayload()) - headroom
	if size := int(stream.CachedInfo().Config.MaxMsgSize); size > 0 {
		limits.Payload = min(limits.Payload, size-headroom)
	}
	if config.MaxPayload > 0 {
		limits.Payload = min(limits.Payload, config.MaxPayload)
	}
	if limits.Payload <= 0 {
		return nil, fmt.Errorf("open log %q: the server takes messages of %d bytes only", config.Name, nc.MaxPayload())
	}
	return &Log{nc: nc, js: js, stream: stream, config: config, limits: limits}, nil
}

// checkServer refuses one that has no atomic batches: it would make a stream without them. What a connection that is
// not made yet leads to is not known.
func checkServer(nc *nats.Conn) error {
	const major, minor = 2, 12
	var x, y int
	if n, _ := fmt.Sscanf(nc.ConnectedServerVersion(), "%d.%d", &x, &y); n == 2 && (x < major || x == major && y < minor) {
		return fmt.Errorf("NATS %s is too old, %d.%d or later is needed", nc.ConnectedServerVersion(), major, minor)
	}
	return nil
}

// patience is how long Open waits for a leader.
const patience = 30 * time.Second

func ensure(ctx context.Context, js jetstream.JetStream, config Config) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, config.AckWait)
	defer cancel()
	stream, err := js.Stream(ctx, string(config.Name))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if config.Existing {
			return nil, ErrMissing
		}
		stream, err = js.CreateStream(ctx, config.stream())
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // by another process, just now
			stream, err = js.Stream(ctx, string(config.Name))
		}
	}
	if err != nil {
		return nil, err
	}
	if err := config.check(stream.CachedInfo().Config); err != nil {
		return nil, err
	}
	return stream, led(stream.CachedInfo())
}

// led refuses what a replica says for itself because nobody leads the stream: it may be old.
func led(info *jetstream.StreamInfo) error {
	if info.Cluster != nil && info.Cluster.Leader == "" {
		return ErrNoLeader
	}
	return nil
}

// leaderless tells whether an error is for want of a leader: one that says so, or no answer at all.
func leaderless(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, ErrNoLeader) || errors.Is(err, context.DeadlineExceeded) || ok && refused.ErrorCode == notAvailable
}

// notAvailable is the code of a cluster that nobody leads.
const notAvailable jetstream.ErrorCode = 10008

// Tail implements eventstore.Log: the leader of the stream is asked, again and again until ctx
// ends while there is none.
func (l *Log) Tail(ctx context.Context) (eventstore.Tail, error) {
	tail, err := l.tail(ctx)
	if err != nil {
		return eventstore.Tail{}, fmt.Errorf("tail of log %q: %w", l.config.Name, err)
	}
	return tail, nil
}

// tail asks a few times for a last entry that is not there, or for the end of the commit that it is of: a new leader may
// be a moment behind, but a log that stays without it has lost it.
func (l *Log) tail(ctx context.Context) (eventstore.Tail, error) {
	const attempts = 8
	for attempt := 0; ; attempt++ {
		tail, err := l.tailNow(ctx)
		if !errors.Is(err, jetstream.ErrMsgNotFound) {
			return tail, err
		}
		if attempt == attempts {
			return eventstore.Tail{}, fmt.Errorf("its last entry is missing: %w (%w)", eventstore.ErrCorrupt, err)
		}
		if err := pause(ctx, attempt); err != nil {
			return eventstore.Tail{}, err
		}
	}
}

func (l *Log) tailNow(ctx context.Context) (eventstore.Tail, error) {
	epoch := l.epoch()
	var last domain.Position
	err := l.patiently(ctx, func(ctx context.Context) error {
		info, err := l.stream.Info(ctx)
		if err != nil {
			return err
		}
		last = domain.Position(info.State.LastSeq)
		return led(info)
	})
	if err != nil || last == 0 {
		return eventstore.Tail{}, err
	}
	if tail, ok := l.recall(last); ok {
		return tail, nil
	}
	m, err := l.message(ctx, last)
	if err == nil && m.Index < m.Count {
		// A stream grows message by message while it stores a batch, but lets none be read before all are stored.
		last += domain.Position(m.Count - m.Index)
		m, err = l.message(ctx, last)
	}
	if err != nil {
		return eventstore.Tail{}, err
	}
	tail := eventstore.Tail{Position: last, Hash: m.Hash}
	l.remember(tail, epoch)
	return tail, nil
}

// message asks the leader for one message.
func (l *Log) message(ctx context.Context, at domain.Position) (*eventstore.Message, error) {
	raw, err := l.get(ctx, at)
	if err != nil {
		return nil, err
	}
	return parse(raw.Subject, raw.Header, raw.Data)
}

// next asks the leader for the position of the first message from a position on that has the subject, 0 if there is none.
func (l *Log) next(ctx context.Context, from domain.Position, subject string) (domain.Position, error) {
	raw, err := l.get(ctx, from, jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return domain.Position(raw.Sequence), nil
}

// get asks the leader for a message, patiently.
func (l *Log) get(ctx context.Context, at domain.Position, opts ...jetstream.GetMsgOpt) (raw *jetstream.RawStreamMsg, err error) {
	err = l.patiently(ctx, func(ctx context.Context) (err error) {
		raw, err = l.stream.GetMsg(ctx, uint64(at), opts...)
		return err
	})
	return raw, err
}

// patiently asks until there is an answer or ctx ends: each time for a little while only, because
// a question that was under way when a connection broke is never answered.
func (l *Log) patiently(ctx context.Context, ask func(context.Context) error) error {
	for attempt := 0; ; attempt++ {
		each, cancel := context.WithTimeout(ctx, l.config.AckWait)
		err := ask(each)
		cancel()
		if err == nil || settled(err) {
			return err
		}
		if pauseErr := pause(ctx, attempt); pauseErr != nil {
			return fmt.Errorf("%w (%w)", pauseErr, err)
		}
	}
}

// settled tells whether an error is an answer, so that asking again is in vain.
func settled(err error) bool {
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) ||
		errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, eventstore.ErrCorrupt)
}

// epoch counts the connections made; it is taken before asking, so that an answer from before
// a reconnect is not taken for one from after it.
func (l *Log) epoch() uint64 { return l.nc.Stats().Reconnects }

func (l *Log) remember(tail eventstore.Tail, epoch uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if tail.Position > l.known.tail.Position || epoch > l.known.epoch {
		l.known = known{tail, epoch}
	}
}

// recall is the known tail, if it is that of the position.
func (l *Log) recall(at domain.Position) (eventstore.Tail, bool) {
	tail := l.newest()
	return tail, tail.Position == at
}

// newest is the known tail, the zero Tail if there was a reconnect since.
func (l *Log) newest() eventstore.Tail {
	epoch := l.epoch()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known.epoch != epoch {
		return eventstore.Tail{}
	}
	return l.known.tail
}

// pause waits a little before something is tried again; it fails when ctx ends.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(min(time.Duration(1<<min(attempt, 10))*5*time.Millisecond, 500*time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
