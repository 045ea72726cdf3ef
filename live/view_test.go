package live_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
)

const (
	collection = "/buckets/b/collections/c"
	readers    = `{"permissions":{"read":["test:bob"]}}`
	nobody     = `{"permissions":{"read":[]}}`
)

// send makes requests of alice, each a method, a path and, if it has one, a body.
func (s *service) send(t testing.TB, requests ...string) {
	t.Helper()
	for _, request := range requests {
		words := strings.SplitN(request+" ", " ", 3)
		s.do(t, "alice", words[0]+" "+words[1], strings.TrimSpace(words[2]))
	}
}

func TestWhoMayNotListHearsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	for _, test := range []struct {
		user, plural string
		want         int
	}{
		{"", records, http.StatusUnauthorized},
		{"bob", records, http.StatusForbidden},
		{"bob", "/buckets/none/collections", http.StatusForbidden},
		{"alice", "/buckets/none/collections", http.StatusForbidden},
		{"alice", "/buckets/b/collections/none/records", http.StatusNotFound},
	} {
		if u := s.subscribe(t, test.user, test.plural); u.status != test.want {
			t.Errorf("%q on %s: got %d %s, want %d", test.user, test.plural, u.status, u.body, test.want)
		}
	}
}

func TestReadersAreNotToldWhoWroteAndWhoMayRead(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	s.do(t, "alice", "PATCH "+collection, readers)
	u := s.hears(t, "bob", records)
	s.do(t, "alice", "PUT "+records+"/one", `{"data":{"n":1},"permissions":{"read":["test:carol"]}}`)
	m := u.next(t)
	if c := m.changes(t)[0]; c.UserID != "" || c.RequestID != "" || c.Data.Permissions != nil || strings.Contains(m.data, "carol") ||
		strings.Contains(m.data, "alice") || !strings.Contains(string(c.Data.Data), `"n":1`) {
		t.Errorf("got %s", m.data)
	}
	s.do(t, "alice", "PATCH "+records+"/one", `{"permissions":{"write":["test:bob"]}}`)
	if m = u.next(t); !strings.Contains(m.data, "carol") || m.changes(t)[0].UserID != "test:alice" {
		t.Errorf("who may write it is told: %s", m.data)
	}
	s.do(t, "alice", "POST /batch", `{"defaults":{"method":"PUT"},"requests":[
		{"path":"`+records+`/two"},{"path":"`+records+`/three","body":{"permissions":{"write":["test:bob"]}}},{"path":"`+records+`/four"}]}`)
	var shown []bool
	for _, c := range u.next(t).changes(t) {
		shown = append(shown, c.UserID != "" && c.Data.Permissions != nil)
	}
	if want := []bool{false, true, false}; !slices.Equal(shown, want) {
		t.Errorf("of three objects it is told %v, want %v", shown, want)
	}
}

func TestWhoMayReadSomeObjectsHearsOfThose(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	s.do(t, "alice", "PUT "+records+"/shared", readers)
	s.do(t, "alice", "PUT "+records+"/secret", `{}`)
	u := s.hears(t, "bob", records)
	s.do(t, "alice", "PATCH "+records+"/secret", `{"data":{"n":1}}`)
	s.do(t, "alice", "PATCH "+records+"/shared", `{"data":{"n":1}}`)
	s.do(t, "alice", "POST /batch", `{"defaults":{"method":"PUT"},"requests":[
		{"path":"`+records+`/a"},{"path":"`+records+`/b","body":`+readers+`},{"path":"`+records+`/c"}]}`)
	s.do(t, "alice", "PATCH "+records+"/secret", readers) // and from now on of this one
	u.wants(t, "update shared", "create b", "update secret")
	s.do(t, "alice", "PATCH "+records+"/secret", nobody)
	s.do(t, "alice", "PATCH "+records+"/secret", `{"data":{"n":2}}`)
	s.do(t, "alice", "PATCH "+records+"/shared", `{"data":{"n":2}}`)
	u.wants(t, "update shared")
}

// What an object was when the caller could not read it stays unknown to the caller, and so does what it was before the caller
// could not any more.
func TestThePastIsForThoseWhoMayReadItNow(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	s.do(t, "alice", "PUT "+records+"/always", readers)
	u := s.subscribe(t, "bob", records)
	last := u.begun(t)
	u.leave()
	s.do(t, "alice", "PUT "+records+"/first", `{"data":{"n":"secret"}}`)
	s.do(t, "alice", "PUT "+records+"/first", `{"data":{"n":"open"},"permissions":{"read":["test:bob"]}}`)
	s.do(t, "alice", "PUT "+records+"/second", `{"data":{"n":"open"},"permissions":{"read":["test:bob"]}}`)
	s.do(t, "alice", "PUT "+records+"/second", `{"data":{"n":"secret"},"permissions":{"read":["test:carol"]}}`)
	s.do(t, "alice", "PATCH "+records+"/always", `{"data":{"n":1}}`)
	s.hears(t, "bob", records, "Last-Event-ID: "+last).wants(t, "update first", "update always")
}

func TestAccessThatIsTakenAwayEndsTheStream(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ give, take string }{
		"by the collection": {"PATCH " + collection + " " + readers, "PATCH " + collection + " " + nobody},
		"by the bucket":     {"PATCH /buckets/b " + readers, "PATCH /buckets/b " + nobody},
		"by a group": {
			`PUT /buckets/b/groups/g {"data":{"members":["test:bob"]}}`, `PUT /buckets/b/groups/g {"data":{"members":[]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, live.Options{KeepAlive: 20 * time.Millisecond}, server.Config{})
			s.do(t, "alice", "PATCH /buckets/b", `{"permissions":{"read":["/buckets/b/groups/g"]}}`)
			s.send(t, test.give)
			u := s.hears(t, "bob", records)
			s.send(t, test.take)
			u.ends(t)
			s.do(t, "alice", "PUT "+records+"/one", "{}")
			if u := s.subscribe(t, "bob", records); u.status != http.StatusForbidden {
				t.Errorf("got %d, want 403", u.status)
			}
		})
	}
}

func TestWhoSeesMoreOrLessThanBeforeIsTold(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	s.do(t, "alice", "PUT "+records+"/shared", readers)
	u := s.hears(t, "bob", records)
	s.do(t, "alice", "PATCH "+collection, readers)
	u.wantsReset(t)
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	u.wants(t, "create one")
	s.do(t, "alice", "PATCH "+collection, nobody)
	u.wantsReset(t)
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	s.do(t, "alice", "PATCH "+records+"/shared", `{"data":{"n":2}}`)
	u.wants(t, "update shared")
	s.do(t, "alice", `PUT /buckets/b/groups/g`, `{"data":{"members":["test:bob"]}}`)
	s.do(t, "alice", "PUT "+records+"/for-the-group", `{"permissions":{"read":["/buckets/b/groups/g"]}}`)
	u.wantsReset(t)
}

// Who was away hears no more of what could not be read then than who begins anew.
func TestWhoIsAdmittedByAGroupDoesNotHearThePast(t *testing.T) {
	t.Parallel()
	const group = "/buckets/b/groups/g"
	for name, test := range map[string]struct{ before, secret, join string }{
		"of the bucket": {
			`PATCH /buckets/b {"permissions":{"read":["` + group + `"]}}`, `{"data":{"n":"secret"}}`,
			"PUT " + group + ` {"data":{"members":["test:bob"]}}`,
		},
		"of another bucket": {
			"PATCH " + collection + ` {"permissions":{"read":["/buckets/other/groups/g"]}}`, `{"data":{"n":"secret"}}`,
			`PUT /buckets/other/groups/g {"data":{"members":["system.Authenticated"]}}`,
		},
		"with which objects are shared": {
			"PUT " + records + "/shared " + readers, `{"data":{"n":"secret"},"permissions":{"read":["` + group + `"]}}`,
			"PUT " + group + ` {"data":{"members":["test:bob"]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, live.Options{}, server.Config{})
			s.send(t, "PUT /buckets/other {}", test.before)
			last := s.subscribe(t, "alice", records).begun(t)
			s.send(t, "PUT "+records+"/one "+test.secret, "PATCH "+records+`/one {"data":{"n":"open"}}`, test.join)
			u := s.subscribe(t, "bob", records, "Last-Event-ID: "+last)
			u.begun(t)
			u.wantsReset(t)
			s.send(t, "PATCH "+records+`/one {"data":{"n":"next"}}`)
			u.wants(t, "update one")
		})
	}
}

func TestWhoLeftAGroupMeanwhileListsAnew(t *testing.T) {
	t.Parallel()
	for _, leave := range []string{`PUT /buckets/other/groups/g {"data":{"members":[]}}`, "DELETE /buckets/other/groups/g", "DELETE /buckets/other"} {
		t.Run(leave, func(t *testing.T) {
			t.Parallel()
			s := start(t, live.Options{}, server.Config{})
			s.send(t, "PUT "+records+"/shared "+readers, "PUT /buckets/other {}",
				`PUT /buckets/other/groups/g {"data":{"members":["test:bob"]}}`, `PATCH `+collection+` {"permissions":{"read":["/buckets/other/groups/g"]}}`)
			u := s.subscribe(t, "bob", records)
			last := u.begun(t)
			u.leave()
			s.send(t, leave, "PUT "+records+"/not-for-bob {}")
			u = s.subscribe(t, "bob", records, "Last-Event-ID: "+last)
			u.begun(t)
			u.wantsReset(t)
			s.send(t, "PUT "+records+"/neither {}", "PATCH "+records+`/shared {"data":{"n":2}}`)
			u.wants(t, "update shared")
		})
	}
}

func TestGroupsThatDoNotMatterDoNotReset(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	s.send(t, "PATCH "+collection+` {"permissions":{"read":["test:bob"],"write":["/buckets/b/groups/g"]}}`)
	u := s.subscribe(t, "bob", records)
	last := u.begun(t)
	u.leave()
	s.send(t, `PUT /buckets/b/groups/g {"data":{"members":["test:bob"]}}`, "PUT "+records+"/one {}")
	s.hears(t, "bob", records, "Last-Event-ID: "+last).wants(t, "create one")
}

// In a list that nobody writes to as well.
func TestWhoSeesMoreByAGroupIsTold(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{KeepAlive: 20 * time.Millisecond}, server.Config{})
	s.send(t, "PATCH "+collection+` {"permissions":{"read":["/buckets/b/groups/g"]}}`, "PUT "+records+"/shared "+readers, "PUT "+records+"/one {}")
	u := s.hears(t, "bob", records)
	s.send(t, `PUT /buckets/b/groups/g {"data":{"members":["test:bob"]}}`)
	u.wantsReset(t)
	s.send(t, "PUT "+records+"/two {}")
	u.wants(t, "create two")
}

// What happened before a subscriber was let in is in the list that a reset asks for, or is gone.
func TestWhoIsLateDoesNotHearWhatWasSecret(t *testing.T) {
	t.Parallel()
	held := &atomic.Pointer[chan struct{}]{}
	s := start(t, live.Options{}, server.Config{}, server.Plugin{Name: "late", Wrap: server.Wrappers{
		Log: func(l eventstore.Log) eventstore.Log { return late{l, &atomic.Int32{}, held} },
	}})
	s.send(t, "PUT "+records+"/shared "+readers)
	u := s.hears(t, "bob", records)
	goOn := make(chan struct{})
	held.Store(&goOn)
	s.send(t, "PUT "+records+"/other {}", "PUT "+records+`/one {"data":{"n":"secret"}}`, "PATCH "+collection+" "+readers, "PUT "+records+`/one {"data":{"n":"open"}}`)
	held.Store(nil)
	close(goOn)
	u.wantsReset(t)
	s.send(t, "PUT "+records+"/next {}")
	u.wants(t, "create next")
}

// Secrets are not heard, and neither is what is made of events.
func TestResourcesThatNobodyHearsOf(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	var audible []string
	for _, r := range s.Parts().Catalog.Resources() {
		path := strings.NewReplacer("{bucket}", "b", "{collection}", "c").Replace(r.Path) + live.Path
		if e := s.Parts().Find(mustParse(t, "/v1"+path)); e != nil && e.Name == r.Name+"-events" {
			audible = append(audible, r.Name)
		}
	}
	slices.Sort(audible)
	if want := []string{"bucket", "collection", "group", "record"}; !slices.Equal(audible, want) {
		t.Errorf("got %v, want %v", audible, want)
	}
}
