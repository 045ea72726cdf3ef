package live_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/kinto/defaultbucket"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

func TestChangesAreToldAsTheyHappen(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	u := s.hears(t, "alice", records)
	if got := u.header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type: got %s", got)
	}
	s.do(t, "alice", "PUT "+records+"/one", `{"data":{"n":1}}`)
	m := u.next(t)
	all := m.changes(t)
	if len(all) != 1 {
		t.Fatalf("got %s, want one event", m.data)
	}
	c := all[0]
	want := fmt.Sprintf(`{"n":1,"id":"one","last_modified":%d}`, c.Data.LastModified)
	if c.Type != "org.kintolog.record.create.v1" || c.Subject != records+"/one" || c.UserID != "test:alice" || c.RequestID == "" ||
		string(c.Data.Data) != want || !slices.Equal(c.Data.Permissions["write"], []string{"test:alice"}) {
		t.Errorf("got %+v, want the creation of %s", c, want)
	}
	if got := s.do(t, "alice", "GET "+records+"/one", ""); !strings.Contains(got, want) {
		t.Errorf("it was told before it could be read: %s", got)
	}
	s.do(t, "alice", "PATCH "+records+"/one", `{"data":{"n":2}}`)
	s.do(t, "alice", "PUT /buckets/b/collections/other", "{}")
	s.do(t, "alice", "PUT /buckets/b/collections/other/records/not", "{}")
	s.do(t, "alice", "DELETE "+records+"/one", "")
	u.wants(t, "update one", "delete one")
}

func TestServicesThatShareThePluginShareNothingElse(t *testing.T) {
	t.Parallel()
	plugin := live.New(live.Options{Max: 1})
	one, two := startWith(t, plugin, server.Config{}), startWith(t, plugin, server.Config{})
	here, there := one.hears(t, "alice", records), two.hears(t, "alice", records)
	one.do(t, "alice", "PUT "+records+"/here", "")
	two.do(t, "alice", "PUT "+records+"/there", "")
	here.wants(t, "create here")
	there.wants(t, "create there")
}

func TestWhatOneCommitChangedIsOneMessage(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	u := s.hears(t, "alice", records)
	s.do(t, "alice", "POST /batch", `{"defaults":{"method":"PUT"},"requests":[
		{"path":"`+records+`/one"},{"path":"/buckets/b/groups/g","body":{"data":{"members":[]}}},{"path":"`+records+`/two"}]}`)
	var got []string
	for _, c := range u.next(t).changes(t) {
		got = append(got, c.Subject)
	}
	if want := []string{records + "/one", records + "/two"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhoComesBackHearsWhatItMissed(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]func(id string) (plural string, headers []string){
		"header": func(id string) (string, []string) { return records, []string{"Last-Event-ID: " + id} },
		"query":  func(id string) (string, []string) { return records + "?_last_event_id=" + id, nil },
		"header rather than query": func(id string) (string, []string) {
			return records + "?_last_event_id=1", []string{"Last-Event-ID: " + id}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, live.Options{}, server.Config{})
			u := s.subscribe(t, "alice", records)
			plural, headers := given(u.begun(t)) // before any event
			u.leave()
			s.do(t, "alice", "PUT "+records+"/one", "{}")
			s.do(t, "alice", "PUT "+records+"/two", "{}")
			u = s.hears(t, "alice", plural, headers...)
			if got := u.told(t, 1); got[0] != "create one" {
				t.Errorf("got %v", got)
			}
			last := u.next(t)
			u.leave()
			s.do(t, "alice", "DELETE "+records+"/one", "")
			plural, headers = given(last.id)
			s.hears(t, "alice", plural, headers...).wants(t, "delete one")
		})
	}
}

// A client that loses its connection all the time, while others write, is told everything once and in order.
func TestNothingIsMissedOrToldTwice(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	const writers, each = 4, 60
	first := s.subscribe(t, "alice", records)
	last := first.begun(t)
	first.leave()
	done := make(chan struct{})
	for w := range writers {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range each {
				w := servertest.Send(t, s.Server, "alice", fmt.Sprintf("PUT %s/w%d-%d", records, w, i), "{}")
				if w.Code != http.StatusCreated {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
			}
		}()
	}
	var timestamps []int64
	seen := map[string]int{}
	for visit := 0; len(seen) < writers*each; visit++ {
		u := s.subscribe(t, "alice", records, "Last-Event-ID: "+last)
		if begun := u.begun(t); begun != last {
			t.Fatalf("begins at %s, want %s", begun, last)
		}
		for range 1 + visit%7 {
			m := u.next(t)
			for _, c := range m.changes(t) {
				seen[c.Subject]++
				timestamps = append(timestamps, c.Data.LastModified)
			}
			if last = m.id; len(seen) == writers*each {
				break
			}
		}
		u.leave()
	}
	for range writers {
		<-done
	}
	for subject, n := range seen {
		if n != 1 {
			t.Errorf("%s was told %d times", subject, n)
		}
	}
	if !slices.IsSorted(timestamps) {
		t.Error("not in the order in which it happened")
	}
}

func TestWhatCannotBeToldIsAReset(t *testing.T) {
	t.Parallel()
	remake := []string{"PUT /buckets/b", "PUT /buckets/b/collections/c", "PUT " + records + "/new"}
	for name, test := range map[string]struct {
		options live.Options
		last    string   // that the client comes back with, instead of where it was
		away    []string // what alice does meanwhile
	}{
		"too old":                     {options: live.Options{Replay: -1}, away: []string{"PUT " + records + "/old"}},
		"of another log":              {last: "1000000"},
		"the bucket was made anew":    {away: append([]string{"PUT " + records + "/old", "DELETE /buckets/b"}, remake...)},
		"the collections were":        {away: append([]string{"DELETE /buckets/b/collections"}, remake...)},
		"everything is new":           {away: append([]string{"POST /__flush__"}, remake...)},
		"the collection is shared":    {away: []string{"PATCH /buckets/b/collections/c"}},
		"something above was changed": {away: []string{"PATCH /buckets/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.options, server.Config{})
			u := s.subscribe(t, "alice", records)
			last := u.begun(t)
			u.leave()
			for _, request := range test.away {
				s.do(t, "alice", request, `{"permissions":{"read":["system.Everyone"]}}`)
			}
			if test.last != "" {
				last = test.last
			}
			u = s.subscribe(t, "alice", records, "Last-Event-ID: "+last)
			begun := u.begun(t)
			if id := u.wantsReset(t); id != begun {
				t.Errorf("the reset has the id %s, want %s", id, begun)
			}
			s.do(t, "alice", "PUT "+records+"/next", "{}")
			u.wants(t, "create next")
		})
	}
}

func TestAFlushIsAResetForWhoWasAway(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	u := s.subscribe(t, "alice", "/buckets")
	last := u.begun(t)
	u.leave()
	s.do(t, "alice", "PUT /buckets/old", "{}")
	s.do(t, "alice", "POST /__flush__", "")
	u = s.subscribe(t, "alice", "/buckets", "Last-Event-ID: "+last)
	u.begun(t)
	u.wantsReset(t)
}

func TestWhatIsFarAwayDoesNotReset(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	u := s.subscribe(t, "alice", records)
	last := u.begun(t)
	u.leave()
	for _, request := range []string{
		"PUT /buckets/other", "DELETE /buckets/other", "PUT /buckets/b/collections/d", "DELETE /buckets/b/collections/d",
		"PUT /buckets/b/groups/g", "PUT " + records + "/one",
	} {
		body := "{}"
		if strings.Contains(request, "groups") {
			body = `{"data":{"members":[]}}`
		}
		s.do(t, "alice", request, body)
	}
	s.hears(t, "alice", records, "Last-Event-ID: "+last).wants(t, "create one")
}

func TestADeletionFromAboveIsAResetAndTheEnd(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"DELETE /buckets/b", "DELETE /buckets/b/collections/c", "DELETE /buckets", "POST /__flush__"} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			s := start(t, live.Options{}, server.Config{})
			u := s.hears(t, "alice", records)
			s.do(t, "alice", request, "")
			u.wantsReset(t)
			u.ends(t)
			if u := s.subscribe(t, "alice", records); u.status != http.StatusForbidden && u.status != http.StatusNotFound {
				t.Errorf("got %d %s", u.status, u.body)
			}
		})
	}
}

func TestAFlushIsAResetOfWhatIsStillThere(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	u := s.hears(t, "alice", "/buckets")
	s.do(t, "alice", "PUT /buckets/mine", "{}")
	u.wants(t, "create mine")
	s.do(t, "alice", "POST /__flush__", "")
	u.wantsReset(t)
	s.do(t, "alice", "PUT /buckets/new", "{}")
	u.wants(t, "create new")
}

// A personal bucket is made by who subscribes in it, and not again while it listens.
func TestAPersonalBucketThatIsDeletedIsGone(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{}, defaultbucket.New(defaultbucket.Options{}))
	bucket := "/buckets/" + defaultbucket.BucketID("", "test:bob")
	for _, plural := range []string{"/buckets/default/collections", "/buckets/default/groups", "/buckets/default/collections/c/records"} {
		u := s.subscribe(t, "bob", plural)
		last := u.begun(t)
		s.do(t, "bob", "DELETE "+bucket, "")
		u.wantsReset(t)
		u.ends(t)
		if w := servertest.Send(t, s.Server, "bob", "GET "+bucket, ""); w.Code < 400 {
			t.Errorf("%s: the bucket is there again: %s", plural, w.Body)
		}
		u = s.subscribe(t, "bob", plural, "Last-Event-ID: "+last)
		u.begun(t)
		u.wantsReset(t)
		s.do(t, "bob", "PUT "+plural+"/one", `{"data":{"members":[]}}`)
		u.wants(t, "create one")
		u.leave()
	}
}

func TestSubscribersHaveALimit(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{Max: 2}, server.Config{})
	first := s.hears(t, "alice", records)
	s.hears(t, "alice", "/buckets")
	if u := s.subscribe(t, "alice", records); u.status != http.StatusServiceUnavailable || u.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s, want 503 with Retry-After", u.status, u.body)
	}
	first.leave()
	s.admits(t)
}

func TestWhoComesAfterTheLastHasLeftHears(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{Max: 1}, server.Config{})
	for i := range 3 {
		u := s.admits(t, "Accept: text/event-stream") // when the one before has left
		u.begun(t)
		s.do(t, "alice", fmt.Sprintf("PUT %s/r%d", records, i), "{}")
		u.wants(t, fmt.Sprintf("create r%d", i))
		u.leave()
	}
}

// late is a log whose second follower hears of nothing before it is told to go on, while it is held.
type late struct {
	eventstore.Log
	followers *atomic.Int32
	held      *atomic.Pointer[chan struct{}]
}

func (l late) Follow(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	if l.followers.Add(1) == 1 {
		return l.Log.Follow(ctx, after)
	}
	return func(yield func(eventstore.Entry, error) bool) {
		for e, err := range l.Log.Follow(ctx, after) {
			if goOn := l.held.Load(); goOn != nil {
				<-*goOn
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// What a subscriber has begun after is not told, although those who were there before have yet to be told of it.
func TestWhatIsLateForOthersIsNotToldAgain(t *testing.T) {
	t.Parallel()
	held := &atomic.Pointer[chan struct{}]{}
	s := start(t, live.Options{}, server.Config{}, server.Plugin{Name: "late", Wrap: server.Wrappers{
		Log: func(l eventstore.Log) eventstore.Log { return late{l, &atomic.Int32{}, held} },
	}})
	first := s.hears(t, "alice", records)
	goOn := make(chan struct{})
	held.Store(&goOn)
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	second := s.hears(t, "alice", records)
	held.Store(nil)
	close(goOn)
	first.wants(t, "create one")
	s.do(t, "alice", "PUT "+records+"/two", "{}")
	first.wants(t, "create two")
	second.wants(t, "create two")
}

// broken is a log that cannot be followed by the second follower until it is whole again.
type broken struct {
	eventstore.Log
	followers *atomic.Int32
	fail      chan struct{}
}

func (b broken) Follow(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	if b.followers.Add(1) != 2 {
		return b.Log.Follow(ctx, after)
	}
	return func(yield func(eventstore.Entry, error) bool) {
		<-b.fail
		yield(eventstore.Entry{}, eventstore.ErrCorrupt)
	}
}

func TestALogThatFailsEndsStreamsAndNotTheOnesAfter(t *testing.T) {
	t.Parallel()
	fail := make(chan struct{})
	s := start(t, live.Options{}, server.Config{}, server.Plugin{Name: "broken", Wrap: server.Wrappers{
		Log: func(l eventstore.Log) eventstore.Log { return broken{l, &atomic.Int32{}, fail} },
	}})
	u := s.subscribe(t, "alice", records)
	last := u.begun(t)
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	close(fail)
	u.ends(t)
	s.hears(t, "alice", records, "Last-Event-ID: "+last).wants(t, "create one")
}

func TestWhatIsAskedForWrongIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	for _, test := range []struct {
		request, headers, want string
	}{
		{"GET " + records + live.Path + "?n=1", "", "400 n"},
		{"GET " + records + live.Path + "?_last_event_id=x", "", "400 _last_event_id"},
		{"GET " + records + live.Path, "Last-Event-ID: -1", "400 Last-Event-ID"},
		{"GET " + records + live.Path, "Last-Event-ID: 99999999999999999999", "400 Last-Event-ID"},
		{"GET " + records + "/one" + live.Path, "", "404"},
		{"POST " + records + live.Path, "", "405"},
		{"GET /vaults/v" + live.Path, "", "404"},
		{"GET /buckets/b/groups" + live.Path, "Upgrade: websocket", "426"},
	} {
		var headers []string
		if test.headers != "" {
			headers = append(headers, test.headers)
		}
		w := servertest.Send(t, s.Server, "alice", test.request, "", headers...)
		code, detail, _ := strings.Cut(test.want, " ")
		if fmt.Sprint(w.Code) != code || !strings.Contains(w.Body.String(), detail) {
			t.Errorf("%s with %s: got %d %s, want %s", test.request, test.headers, w.Code, w.Body, test.want)
		}
	}
	got := s.do(t, "alice", "POST /batch", `{"requests":[{"path":"`+records+live.Path+`","method":"GET"}]}`)
	if !strings.Contains(got, `"status":400`) || !strings.Contains(got, "part of another request") {
		t.Errorf("in a batch: got %s", got)
	}
	if w := servertest.Send(t, s.Server, "alice", "HEAD "+records+live.Path, ""); w.Code != 200 || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: got %d %v", w.Code, w.Header())
	}
}

func TestWhoHearsIsAReader(t *testing.T) {
	t.Parallel()
	got := make(chan listeners.Event, 10)
	plugin, err := listeners.New(listeners.Options{Listeners: []listeners.Listener{{
		Name: "reads", Actions: []domain.Action{listeners.Read}, Resources: []string{"record"},
		Handle: func(_ context.Context, e listeners.Event) error { got <- e; return nil },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, live.Options{}, server.Config{}, plugin)
	s.hears(t, "alice", records).leave()
	conn, _ := s.dial(t, "alice", records)
	_ = conn.CloseNow()
	for range 2 {
		if e := <-got; e.Object.URI != records || e.Origin.UserID != "test:alice" {
			t.Errorf("got a read of %s by %s", e.Object.URI, e.Origin.UserID)
		}
	}
}

func TestASubscriptionEndsInTime(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{Lifetime: 50 * time.Millisecond}, server.Config{})
	u := s.subscribe(t, "alice", records)
	last := u.begun(t)
	u.ends(t)
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	s.hears(t, "alice", records, "Last-Event-ID: "+last).wants(t, "create one")
}

func TestItShowsThatItIsAlive(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{KeepAlive: time.Millisecond}, server.Config{})
	s.hears(t, "alice", records)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+records+live.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("alice", "")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got strings.Builder
	for buffer := make([]byte, 100); !strings.Contains(got.String(), "\n:"); {
		n, err := answer.Body.Read(buffer)
		if got.Write(buffer[:n]); err != nil {
			t.Fatalf("%v after %s", err, &got)
		}
	}
}

func TestItStopsWithSubscribers(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	u := s.hears(t, "alice", records)
	if err := s.http.Shutdown(t.Context()); err != nil { // which waits for requests under way
		t.Error(err)
	}
	u.ends(t)
}
