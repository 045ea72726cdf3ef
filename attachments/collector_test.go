package attachments_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/attachments"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

// settled returns once the collector has seen everything that happened before.
func (s *service) settled(t testing.TB) {
	t.Helper()
	last := s.uploaded(t, record+"-last", "last.txt")
	s.send(t, alice, "DELETE "+record+"-last", "")
	s.store.awaitRemoval(t, last)
}

// awaitNoFiles returns once the store is empty.
func (s *service) awaitNoFiles(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for files := s.store.files(t); len(files) > 0; files = s.store.files(t) {
		select {
		case <-ctx.Done():
			t.Fatalf("these files are left: %q", files)
		case <-time.After(time.Millisecond):
		}
	}
}

func TestReplacedFilesAreRemoved(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	first := s.uploaded(t, record, "a.txt")
	second := s.uploaded(t, record, "a.txt")
	s.store.awaitRemoval(t, first)
	if !s.store.has(t, second) {
		t.Error("the new file is gone")
	}
}

func TestDeletionsRemoveFiles(t *testing.T) {
	t.Parallel()
	for _, deletion := range []string{
		record, "/buckets/b/collections/c/records", "/buckets/b/collections/c", "/buckets/b/collections", "/buckets/b", "/buckets",
	} {
		s := start(t, change{})
		s.send(t, alice, "PUT /buckets/bb", "")
		s.send(t, alice, "PUT /buckets/bb/collections/c", "")
		other := s.uploaded(t, "/buckets/bb/collections/c/records/r", "a.txt")
		key := s.uploaded(t, record, "a.txt")
		if deletion == "/buckets" {
			deletion += "?id=b"
		}
		want(t, s.send(t, alice, "DELETE "+deletion, ""), 200, "")
		s.store.awaitRemoval(t, key)
		if !s.store.has(t, other) {
			t.Errorf("delete %s: the file of another bucket is gone", deletion)
		}
	}
}

func TestManyDeletionsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	var keys []string
	for i := range 120 {
		keys = append(keys, s.uploaded(t, fmt.Sprintf("%s%d", record, i), "a.txt"))
	}
	stays := keys[7]
	keys = slices.Delete(keys, 7, 8)
	want(t, s.send(t, alice, "DELETE /buckets/b/collections/c/records?not_id=r7", ""), 200, "")
	for _, key := range keys {
		s.store.awaitRemoval(t, key)
	}
	if !s.store.has(t, stays) {
		t.Error("the file of the record that stays is gone")
	}
}

func TestFlushRemovesFiles(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	key := s.uploaded(t, record, "a.txt")
	if _, err := s.Parts().Loop.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
		tx.Append(domain.Event{Action: domain.Flushed, Object: domain.Object{LastModified: tx.Now()}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.store.awaitRemoval(t, key)
}

func TestOldFilesCanBeKept(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: func(o *attachments.Options) {
		o.Rules = func(bucket, _ string) attachments.Rules { return attachments.Rules{KeepOldFiles: bucket == "kept"} }
	}})
	s.send(t, alice, "PUT /buckets/kept", "")
	s.send(t, alice, "PUT /buckets/kept/collections/c", "")
	kept := "/buckets/kept/collections/c/records/r"
	keys := []string{s.uploaded(t, kept, "a.txt"), s.uploaded(t, kept, "a.txt")}
	s.send(t, alice, "DELETE "+kept+"/attachment", "")
	keys = append(keys, s.uploaded(t, kept, "a.txt"))
	s.send(t, alice, "DELETE /buckets/kept", "")
	s.settled(t)
	for _, key := range keys {
		if !s.store.has(t, key) {
			t.Errorf("%s is gone", key)
		}
	}
}

// A record that names the file of another one does not own it.
func TestNobodyRemovesTheFilesOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	victim := s.upload(t, alice, record, file("a.txt", "content"))
	s.send(t, bob, "PUT /buckets/mine", "")
	s.send(t, bob, "PUT /buckets/mine/collections/c", "")
	forged := "/buckets/mine/collections/c/records/r"
	want(t, s.send(t, bob, "PUT "+forged, `{"data":{"attachment":`+victim.body+`}}`), 201, "")
	want(t, s.send(t, bob, "DELETE "+forged+"/attachment", ""), 204, "")
	want(t, s.upload(t, bob, forged, file("a.txt", "x")), 200, "")
	want(t, s.send(t, bob, "DELETE /buckets/mine", ""), 200, "")
	s.settled(t)
	if !s.store.has(t, victim.key(t)) {
		t.Error("the file is gone")
	}
}

func TestWhatHasNoMarkOfThisLogStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := localStore(t, dir)
	strangers := []string{"b/c/old.png", ".kintolog/0123456789abcdef" + record + "/-/b/c/old.png", ".kintolog/readme", ".kintolog/a/b"}
	for _, key := range strangers {
		if err := before.Put(t.Context(), key, "", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, change{folder: dir, options: func(o *attachments.Options) { o.SweepEvery = 10 * time.Millisecond }})
	s.uploaded(t, record, "a.txt")
	s.send(t, alice, "DELETE /buckets/b", "")
	s.send(t, alice, "PUT /buckets/b", "")
	s.send(t, alice, "PUT /buckets/b/collections/c", "")
	s.settled(t)
	for _, key := range strangers {
		if !s.store.has(t, key) {
			t.Errorf("%s is gone", key)
		}
	}
}

// killed stops an upload dead after its file is stored, once.
func killed(s *store) {
	var done atomic.Bool
	s.afterPut = func(key string) {
		if strings.HasPrefix(key, "b/c/") && done.CompareAndSwap(false, true) {
			panic("killed")
		}
	}
}

func TestWhatAKilledProcessLeftIsCollectedByTheNext(t *testing.T) {
	t.Parallel()
	data, folder := t.TempDir(), t.TempDir()
	onDisk := func(c *server.Config) { c.Memory, c.DataDir = false, data }
	s := start(t, change{folder: folder, config: onDisk, store: killed})
	want(t, s.upload(t, alice, record, file("a.txt", "x")), 500, "")
	var orphan string
	for _, key := range s.store.files(t) {
		if strings.HasPrefix(key, "b/c/") {
			orphan = key
		}
	}
	stays := s.uploaded(t, record, "a.txt") // this looks through the marks of the record
	s.settled(t)
	if !s.store.has(t, orphan) {
		t.Fatal("a file was removed whose upload may be under way")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, change{folder: folder, config: onDisk})
	s.store.awaitRemoval(t, orphan)
	if got := s.send(t, "", "GET /attachments/"+stays, ""); got.status != 200 {
		t.Errorf("got %d for the file of the record", got.status)
	}
}

// An upload is not taken for a leftover while its record is deleted and made again.
func TestACollectionSparesUploadsUnderWay(t *testing.T) {
	t.Parallel()
	stored, proceed := make(chan string), make(chan struct{})
	var first atomic.Bool
	s := start(t, change{
		options: func(o *attachments.Options) { o.SweepEvery = 5 * time.Millisecond },
		store: func(s *store) {
			s.afterPut = func(key string) {
				if strings.HasPrefix(key, "b/c/") && first.CompareAndSwap(false, true) {
					stored <- key
					<-proceed
				}
			}
		},
	})
	answered := make(chan answer)
	go func() { answered <- s.upload(t, alice, record, file("a.txt", "content")) }()
	key := <-stored
	s.uploaded(t, record, "b.txt")
	want(t, s.send(t, alice, "DELETE /buckets/b/collections/c", ""), 200, "")
	want(t, s.send(t, alice, "PUT /buckets/b/collections/c", ""), 201, "")
	s.settled(t)
	close(proceed)
	got := <-answered
	if got.status != 201 || got.key(t) != key {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	s.settled(t)
	if got := s.send(t, "", "GET /attachments/"+key, ""); got.body != "content" {
		t.Errorf("got %d %s for the file", got.status, got.body)
	}
}

// heldBack is an answer that the client does not take for a while.
type heldBack struct {
	*httptest.ResponseRecorder
	reached chan<- struct{}
	proceed <-chan struct{}
}

func (w heldBack) Write(b []byte) (int, error) {
	w.reached <- struct{}{}
	<-w.proceed
	return w.ResponseRecorder.Write(b)
}

// uploadHeldBack uploads a file to the record, and returns when the record has it; finish lets the client take the answer.
func (s *service) uploadHeldBack(t *testing.T) (finish func() answer) {
	t.Helper()
	reached, proceed := make(chan struct{}), make(chan struct{})
	body, contentType := encode(t, file("a.txt", "content"))
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1"+record+"/attachment", body)
	r.Header.Set("Content-Type", contentType)
	r.SetBasicAuth("alice", "secret")
	w := heldBack{httptest.NewRecorder(), reached, proceed}
	var wg sync.WaitGroup
	wg.Go(func() { s.ServeHTTP(w, r) })
	<-reached
	return func() answer {
		close(proceed)
		wg.Wait()
		return answer{w.Code, w.Header(), w.Body.String()}
	}
}

func TestAFileIsRemovedThatIsReplacedBeforeItsUploadIsAnswered(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	for _, end := range []string{"PUT " + record, "DELETE " + record} {
		finish := s.uploadHeldBack(t)
		want(t, s.send(t, alice, end, `{"data":{"attachment":null}}`), 200, "")
		s.settled(t)
		s.store.awaitRemoval(t, finish().key(t))
	}
}

func TestANameIsTakenBeforeTheUploadThatHadItIsAnswered(t *testing.T) {
	t.Parallel()
	const key = "b/c/a.txt"
	var again atomic.Bool
	var meanwhile func()
	s := start(t, change{options: keepNames, store: func(s *store) {
		s.beforePut = func(name string) error {
			if name == key && again.Load() {
				meanwhile()
			}
			return nil
		}
	}})
	finish := s.uploadHeldBack(t)
	want(t, s.send(t, alice, "DELETE "+record, ""), 200, "")
	s.store.awaitRemoval(t, key)
	s.awaitNoFiles(t)
	meanwhile = func() {
		want(t, finish(), 201, "")
		s.uploaded(t, "/buckets/b/collections/c/records/other", "b.txt") // which looks after all uploads that are over
	}
	again.Store(true)
	if got := s.uploaded(t, record, "a.txt"); got != key {
		t.Errorf("got %s, want %s", got, key)
	}
	s.settled(t)
	if !s.store.has(t, key) {
		t.Errorf("%s is not there any more", key)
	}
}

func TestWhatCouldNotBeRemovedIsRemovedLater(t *testing.T) {
	t.Parallel()
	var failures atomic.Int32
	s := start(t, change{
		options: func(o *attachments.Options) { o.SweepEvery = 20 * time.Millisecond },
		store: func(s *store) {
			s.failing = func(key string) error {
				if strings.HasPrefix(key, "b/c/") && failures.Add(1) < 4 {
					return errors.New("the store is gone for a moment")
				}
				return nil
			}
		},
	})
	key := s.uploaded(t, record, "a.txt")
	s.send(t, alice, "DELETE "+record, "")
	s.store.awaitRemoval(t, key)
	s.awaitNoFiles(t)
}

func TestAnAttachmentThatAPutLeavesOutIsCollectedByTheSweep(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: func(o *attachments.Options) { o.SweepEvery = 20 * time.Millisecond }})
	key := s.uploaded(t, record, "a.txt")
	want(t, s.send(t, alice, "PUT "+record, `{"data":{"b":1}}`), 200, "")
	s.store.awaitRemoval(t, key)
	s.awaitNoFiles(t)
}

// past is a read model that has gone back, as a database may that has crashed, and tells when that is noticed.
type past struct {
	projections.Store
	now  atomic.Bool
	read chan struct{}
}

func (p *past) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	if !p.now.Load() || len(needs.Objects) == 0 {
		return p.Store.Load(ctx, needs)
	}
	select {
	case p.read <- struct{}{}:
	case <-ctx.Done():
	}
	return domain.Snapshot{Position: 1}, nil
}

func TestAReadModelOfThePastRemovesNoFile(t *testing.T) {
	t.Parallel()
	model := &past{read: make(chan struct{})}
	s := start(t, change{
		options: func(o *attachments.Options) { o.SweepEvery = 20 * time.Millisecond },
		app: func(a *server.App) {
			a.Plugins = append(a.Plugins, server.Plugin{Name: "past", Wrap: server.Wrappers{
				Model: func(m projections.Store) projections.Store {
					model.Store = m
					return model
				},
			}})
		},
	})
	key := s.uploaded(t, record, "a.txt")
	model.now.Store(true)
	s.store.mu.Lock()
	removed := s.store.removal(key)
	s.store.mu.Unlock()
	for range 3 { // the third one begins when the first two are over
		select {
		case <-model.read:
		case <-removed:
			t.Fatal("the file is removed of a record that the read model has lost")
		}
	}
}
