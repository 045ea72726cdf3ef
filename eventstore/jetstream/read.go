package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// few entries are fetched one by one, which is faster than setting up a consumer for them.
const few = 8

// Read implements eventstore.Log.
func (l *Log) Read(ctx context.Context, after domain.Position, of ...domain.Plural) iter.Seq2[eventstore.Entry, error] {
	return func(yield func(eventstore.Entry, error) bool) {
		tail, err := l.reaching(ctx, max(after, l.newest().Position))
		r := &run{log: l, cursor: l.config.Name.Cursor(after), until: tail.Position, yield: yield}
		r.partial, r.wanted = len(of) > 0, l.config.Name.SubjectsOf(of)
		switch {
		case err != nil:
			r.fail(err)
		case r.partial && len(r.wanted) == 0:
		case tail.Position-after <= few:
			r.fetch(ctx)
		default:
			r.consume(ctx)
		}
	}
}

// Follow implements eventstore.Log.
func (l *Log) Follow(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	return func(yield func(eventstore.Entry, error) bool) {
		r := &run{log: l, cursor: l.config.Name.Cursor(after), until: math.MaxUint64, yield: yield}
		if _, err := l.reaching(ctx, after); err != nil {
			r.fail(err)
			return
		}
		r.consume(ctx)
	}
}

// reaching is the tail, at least at the position: a new leader may be a moment behind, but a
// log that stays behind has lost entries.
func (l *Log) reaching(ctx context.Context, after domain.Position) (eventstore.Tail, error) {
	const attempts = 8
	for attempt := 0; ; attempt++ {
		tail, err := l.Tail(ctx)
		if err == nil && tail.Position >= after {
			return tail, nil
		}
		if err == nil {
			err = eventstore.Beyond(after, tail)
		}
		if !errors.Is(err, eventstore.ErrCorrupt) || attempt == attempts {
			return eventstore.Tail{}, err
		}
		if err := pause(ctx, attempt); err != nil {
			return eventstore.Tail{}, err
		}
	}
}

// run is one iteration.
type run struct {
	log     *Log
	cursor  *eventstore.Cursor
	until   domain.Position
	partial bool     // only entries with these subjects are wanted
	wanted  []string // subjects
	epoch   uint64   // of the connection when the source of the entries was set up
	yield   func(eventstore.Entry, error) bool
}

func (r *run) fail(err error) { r.yield(eventstore.Entry{}, err) }

// done tells whether the last entry was yielded.
func (r *run) done() bool { return r.cursor.Next() > r.until }

// fetch yields the entries, asking for each.
func (r *run) fetch(ctx context.Context) {
	r.epoch = r.log.epoch()
	for !r.done() {
		at := r.cursor.Next()
		m, err := r.log.message(ctx, at)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			err = fmt.Errorf("entry %d is missing: %w", at, eventstore.ErrCorrupt)
		}
		if err != nil {
			r.fail(err)
			return
		}
		if !r.entry(at, m) {
			return
		}
	}
}

// entry decodes and yields one message, if it is wanted, and tells whether to go on.
func (r *run) entry(at domain.Position, m *eventstore.Message) bool {
	if r.partial {
		if !slices.Contains(r.wanted, m.Subject) {
			r.cursor.Skip(at + 1)
			return true
		}
		r.cursor.Skip(at)
	}
	entry, err := r.cursor.Read(at, m)
	if err != nil {
		r.fail(err)
		return false
	}
	if entry.Last {
		r.log.remember(entry.Tail(), r.epoch) // so that an append after it need not ask
	}
	return r.yield(entry, nil)
}

// consume yields the entries as a consumer delivers them, and sets up another consumer where the
// last one failed, if the log still has what was read.
func (r *run) consume(ctx context.Context) {
	for attempt := 0; ; attempt++ {
		before := r.cursor.Next()
		err := r.deliver(ctx)
		switch {
		case err == nil:
			return
		case ctx.Err() != nil:
			r.fail(ctx.Err())
			return
		case settled(err):
			r.fail(err)
			return
		}
		if r.cursor.Next() > before {
			attempt = 0
		}
		if pauseErr := pause(ctx, attempt); pauseErr != nil {
			r.fail(pauseErr)
			return
		}
		// A consumer that begins beyond the end of a log which has lost it would wait, and miss what comes there instead.
		if _, err := r.log.reaching(ctx, r.cursor.Next()-1); err != nil {
			r.fail(err)
			return
		}
	}
}

// Settings of the consumers behind Read and Follow.
const (
	heartbeat = time.Second // two missed ones and the consumer is replaced
	expiry    = 30 * time.Second
	inactive  = 15 * time.Second // after which the server drops a consumer nobody reads
	prefetch  = 1000
	// quiet is after how long without an entry the log is asked whether there is one. It must be longer than missed
	// heartbeats are waited for.
	quiet = 3 * heartbeat
)

// deliver reads from one consumer. It returns nil when the iteration has ended, for whatever
// reason, and an error if another consumer may do better.
func (r *run) deliver(ctx context.Context) error {
	r.epoch = r.log.epoch()
	consumer, err := r.log.consumer(ctx, r.cursor.Next(), r.wanted)
	if err != nil {
		return err
	}
	defer r.log.discard(consumer)
	if r.partial && consumer.CachedInfo().NumPending == 0 {
		return r.ended(ctx)
	}
	var ahead jetstream.PullMessagesOpt = jetstream.PullMaxMessagesWithBytesLimit(prefetch, r.log.window())
	if r.partial { // as many clients at once may
		const around = 64 << 10 // at most what subjects add to a payload
		ahead = jetstream.PullMaxMessagesWithBytesLimit(few, int(r.log.nc.MaxPayload())+around)
	}
	messages, err := consumer.Messages(
		ahead, jetstream.PullHeartbeat(heartbeat), jetstream.PullExpiry(expiry),
		jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return err
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	return r.drain(ctx, messages)
}

// consumer sets up a consumer that begins at a position, has messages of all subjects if none is named, and keeps nothing. Its name cannot be
// guessed: whoever knows it can read from it, secret events included.
func (l *Log) consumer(ctx context.Context, from domain.Position, subjects []string) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, l.config.AckWait)
	defer cancel()
	return l.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Name:              "read-" + rand.Text(),
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       uint64(from),
		FilterSubjects:    subjects,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: inactive,
	})
}

// window is how many bytes are asked for ahead: enough for any message.
func (l *Log) window() int { return max(4<<20, 2*int(l.nc.MaxPayload())) }

func (r *run) drain(ctx context.Context, messages jetstream.MessagesContext) error {
	for delivered := uint64(0); !r.done(); {
		if ctx.Err() != nil { // Stop hands out what has come already
			return ctx.Err()
		}
		msg, err := messages.Next(jetstream.NextMaxWait(quiet))
		if errors.Is(err, nats.ErrTimeout) && !r.overdue(ctx) {
			continue
		}
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		delivered++
		switch at := domain.Position(meta.Sequence.Stream); {
		case at < r.cursor.Next():
			continue
		case meta.Sequence.Consumer > delivered:
			return errGap // lost on the way, so ask again from the cursor
		case at > r.until:
			return nil
		default:
			m, err := parse(msg.Subject(), msg.Headers(), msg.Data())
			if err != nil {
				r.fail(fmt.Errorf("entry %d: %w", at, err))
				return nil
			}
			if !r.entry(at, m) {
				return nil
			}
		}
		if r.partial && meta.NumPending == 0 {
			return r.ended(ctx) // what follows the last one that is wanted will not come
		}
	}
	return nil
}

// ended asks the leader whether no entry is left that is wanted, and is errGap if one is. That none is pending is what the server
// says on which the consumer is, and a replica may not have all of them yet.
func (r *run) ended(ctx context.Context) error {
	if r.log.config.Replicas == 1 {
		return nil
	}
	if _, err := r.log.reaching(ctx, r.until); err != nil {
		return err
	}
	for _, subject := range r.wanted {
		next, err := r.log.next(ctx, r.cursor.Next(), subject)
		if err != nil {
			return err
		}
		if next != 0 && next <= r.until {
			return errGap
		}
	}
	return nil
}

var errGap = errors.New("consumer skipped entries")

// overdue tells whether the log has the next entry. What a consumer sent into a connection that was breaking is lost, as
// nobody acknowledges entries, and without another one after it there is no gap to be seen.
func (r *run) overdue(ctx context.Context) bool {
	tail, err := r.log.Tail(ctx)
	return err == nil && tail.Position >= r.cursor.Next()
}

// discard removes a consumer, which the server would otherwise do a little later.
func (l *Log) discard(consumer jetstream.Consumer) {
	subject := "$JS.API.CONSUMER.DELETE." + string(l.config.Name) + "." + consumer.CachedInfo().Name
	_ = l.nc.Publish(subject, nil)
}
