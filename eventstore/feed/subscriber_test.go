package feed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/feed"
	"github.com/kintolog/kintolog/eventstore/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestItHandsOutEventsInTheOrderOfTheLog(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.append("a", "/xs/1", "/ys/1", "/xs/2") // two entries, the first with the first and the third
	f.append("b", "/xs/3")
	messages := f.subscribe(nil)
	var got []string
	for _, want := range []string{"a.0 1 /xs/1", "a.2 1 /xs/2", "a.1 2 /ys/1", "b.0 3 /xs/3"} {
		m := next(t, messages)
		got = append(got, fmt.Sprintf("%s %s %s", m.UUID, m.Metadata[feed.Position], m.Metadata[feed.Subject]))
		if last := got[len(got)-1]; last != want {
			t.Errorf("got %q, want %q", last, want)
		}
		m.Ack()
	}
}

func TestAMessageIsTheCloudEventOfTheLog(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.append("a", "/xs/1", "/xs/2")
	messages := f.subscribe(nil)
	next(t, messages).Ack()
	m := next(t, messages)
	e := feed.EventOf(m)
	if e.Object.URI != "/xs/2" || e.Action != domain.Created || e.ID != "a.1" || e.Position != 1 || e.Commit != "a" {
		t.Errorf("got event %+v", e)
	}
	if m.Metadata[feed.Commit] != "a" || m.Metadata[feed.Resource] != "x" || m.Metadata[feed.Action] != "create" {
		t.Errorf("got metadata %v", m.Metadata)
	}
	for entry, err := range f.log.Read(t.Context(), 0) {
		if err != nil || !bytes.HasSuffix(entry.Payload, fmt.Appendf(nil, ",%s]", m.Payload)) {
			t.Errorf("got payload %s, %v, want the end of %s", m.Payload, err, entry.Payload)
		}
	}
}

func TestItWaitsUntilAnEventCanBeRead(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.model.hold()
	f.append("a", "/xs/1")
	messages := f.subscribe(nil)
	select {
	case at := <-f.model.asked:
		if at != 1 {
			t.Errorf("got a wait for %d, want 1", at)
		}
	case m := <-messages:
		t.Fatalf("got %s, which is not readable", m.UUID)
	}
	f.model.release()
	next(t, messages).Ack()
}

func TestSecretEventsAndOthersAreNotHandedOut(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.events("a", event("/xs/1"), domain.Event{
		Action: domain.Created, Resource: "x", Secret: true,
		Object: domain.Object{URI: "/xs/secret", LastModified: 1, Data: []byte(`{"id":"secret"}`)},
	}, event("/ys/1"), event("/xs/2"))
	messages := f.subscribe(func(c *feed.Config) {
		c.Match = func(e domain.Event) bool {
			if e.Secret {
				t.Errorf("asked about %s", e.Object.URI)
			}
			return e.Plural() == "/xs"
		}
	})
	for _, want := range []string{"/xs/1", "/xs/2"} {
		m := next(t, messages)
		if got := m.Metadata[feed.Subject]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		m.Ack()
	}
}

func TestWhatIsRefusedComesAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.append("a", "/xs/1", "/xs/2")
	messages := f.subscribe(nil)
	next(t, messages).Nack()
	again := next(t, messages)
	if again.UUID != "a.0" {
		t.Errorf("got %s, want a.0 again", again.UUID)
	}
	again.Ack()
	if m := next(t, messages); m.UUID != "a.1" {
		t.Errorf("got %s, want a.1", m.UUID)
	}
}

func TestTheNextSubscriberGoesOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.append("a", "/xs/1")
	f.append("b", "/xs/2")
	first := feed.New(f.config())
	messages := subscribe(t, first)
	next(t, messages).Ack()
	next(t, messages) // it stays unanswered
	closeIt(t, first)
	if got := f.checkpoint.all(); !slices.Equal(got, []domain.Position{1}) {
		t.Errorf("saved %v, want 1, once", got)
	}
	if m := next(t, f.subscribe(nil)); m.UUID != "b.0" {
		t.Errorf("got %s, want b.0", m.UUID)
	}
}

func TestACrashMakesEventsComeAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.append("a", "/xs/1")
	f.checkpoint.fail(errors.New("gone"))
	first := feed.New(f.config())
	next(t, subscribe(t, first)).Ack()
	closeIt(t, first)
	f.checkpoint.fail(nil)
	if m := next(t, f.subscribe(nil)); m.UUID != "a.0" {
		t.Errorf("got %s, want a.0 again", m.UUID)
	}
}

func TestTheCheckpointIsSavedNowAndThen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for i := range 100 {
		f.append(fmt.Sprint("c", i), domain.URI("/xs/"+strconv.Itoa(i)))
	}
	messages := f.subscribe(func(c *feed.Config) { c.SaveEvery = time.Millisecond })
	for range 100 {
		next(t, messages).Ack()
	}
	f.checkpoint.await(t, 100)
}

func TestEntriesWithoutEventsAreNotWorthACheckpoint(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.append("a", "/xs/1")
	for i := range 50 {
		f.append(fmt.Sprint("skipped", i), domain.URI("/ys/"+strconv.Itoa(i)))
	}
	f.append("z", "/xs/2")
	only := func(c *feed.Config) { c.Match = func(e domain.Event) bool { return e.Plural() == "/xs" } }
	config := f.config()
	only(&config)
	s := feed.New(config)
	messages := subscribe(t, s)
	next(t, messages).Ack()
	next(t, messages) // all the others are behind it
	closeIt(t, s)
	if got := f.checkpoint.all(); len(got) != 1 {
		t.Errorf("saved %v, want once", got)
	}
}

func TestItStopsWhenTheLogFails(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.checkpoint.position = 7 // which the log has never reached
	if _, open := <-f.subscribe(nil); open {
		t.Error("got a message, want the end")
	}
}

func TestItIsForOneSubscription(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := feed.New(f.config())
	subscribe(t, s)
	if _, err := s.Subscribe(t.Context(), "again"); !errors.Is(err, feed.ErrUsed) {
		t.Errorf("got %v, want ErrUsed", err)
	}
	closeIt(t, s)
	closeIt(t, s)
	closed := feed.New(f.config())
	closeIt(t, closed)
	if _, err := closed.Subscribe(t.Context(), "late"); !errors.Is(err, feed.ErrUsed) {
		t.Errorf("got %v, want ErrUsed", err)
	}
}

// fixture is a log, a model that tells when it is asked, and a checkpoint in memory.
type fixture struct {
	tb         testing.TB
	log        *memlog.Log
	model      *model
	checkpoint *checkpoint
}

func setup(tb testing.TB) *fixture {
	m := &model{asked: make(chan domain.Position, 1), free: make(chan struct{})}
	close(m.free)
	return &fixture{tb: tb, log: memlog.New(), model: m, checkpoint: &checkpoint{changed: make(chan struct{}, 1)}}
}

func (f *fixture) config() feed.Config {
	return feed.Config{
		Log: f.log, Progress: f.model, Checkpoint: f.checkpoint, SaveEvery: time.Hour, Again: time.Millisecond,
	}
}

func (f *fixture) subscribe(change func(*feed.Config)) <-chan *message.Message {
	f.tb.Helper()
	config := f.config()
	if change != nil {
		change(&config)
	}
	s := feed.New(config)
	f.tb.Cleanup(func() { closeIt(f.tb, s) })
	return subscribe(f.tb, s)
}

func subscribe(tb testing.TB, s *feed.Subscriber) <-chan *message.Message {
	tb.Helper()
	messages, err := s.Subscribe(tb.Context(), "test")
	if err != nil {
		tb.Fatalf("subscribe: %v", err)
	}
	return messages
}

func closeIt(tb testing.TB, s *feed.Subscriber) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

func next(tb testing.TB, messages <-chan *message.Message) *message.Message {
	tb.Helper()
	m, open := <-messages
	if !open {
		tb.Fatal("the feed has stopped")
	}
	return m
}

func event(u domain.URI) domain.Event {
	return domain.Event{Action: domain.Created, Resource: string(u[1:2]), Object: domain.Object{
		URI: u, LastModified: 1, Data: fmt.Appendf(nil, `{"id":%q}`, u.ID()),
	}}
}

func (f *fixture) append(commit string, uris ...domain.URI) {
	f.tb.Helper()
	var events []domain.Event
	for _, u := range uris {
		events = append(events, event(u))
	}
	f.events(commit, events...)
}

func (f *fixture) events(commit string, events ...domain.Event) {
	f.tb.Helper()
	tail, err := f.log.Tail(f.tb.Context())
	if err == nil {
		_, err = f.log.Append(f.tb.Context(), tail, eventstore.Commit{ID: commit, Events: events})
	}
	if err != nil {
		f.tb.Fatalf("append: %v", err)
	}
}

// model is one that everything can be read from, unless it is held.
type model struct {
	asked chan domain.Position
	free  chan struct{}
}

func (m *model) hold()    { m.free = make(chan struct{}) }
func (m *model) release() { close(m.free) }

func (m *model) Wait(ctx context.Context, position domain.Position) error {
	select {
	case m.asked <- position:
	default: // nobody takes notice
	}
	select {
	case <-m.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkpoint remembers what was saved.
type checkpoint struct {
	mu       sync.Mutex
	position domain.Position
	saved    []domain.Position
	err      error
	changed  chan struct{}
}

func (c *checkpoint) Load(context.Context) (domain.Position, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.position, nil
}

func (c *checkpoint) Save(_ context.Context, position domain.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.position, c.saved = position, append(c.saved, position)
	select {
	case c.changed <- struct{}{}:
	default:
	}
	return nil
}

func (c *checkpoint) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *checkpoint) all() []domain.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.saved)
}

// await returns when the position is saved.
func (c *checkpoint) await(tb testing.TB, position domain.Position) {
	tb.Helper()
	for !slices.Contains(c.all(), position) {
		select {
		case <-c.changed:
		case <-tb.Context().Done():
			tb.Fatalf("position %d was not saved: %v", position, c.all())
		}
	}
}
