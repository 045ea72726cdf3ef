package main_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/pgtest"
)

// distributed is a place with an external log and a PostgreSQL read model.
func distributed(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	p.must("init", "--backend", "postgresql", "--cache-backend", "shared")
	p.env = []string{
		"KINTO_STORAGE_URL=" + pgtest.New(t),
		"KINTO_NATS_URL=" + natstest.Listening(t).ClientURL(),
	}
	return p
}

func TestOperatingBesideTheService(t *testing.T) {
	t.Parallel()
	p := distributed(t)
	if out := p.must("migrate", "--dry-run"); !strings.HasPrefix(out, "To be done:\n  00001") {
		t.Errorf("the dry run said %q", out)
	}
	p.must("migrate")
	p.must("migrate", "--dry-run")
	s := p.start()
	s.must(admin, "GET", "/accounts/admin", "", 401)
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	s.must(admin, "PUT", "/buckets/b", "", 201)
	s.must(admin, "PUT", "/buckets/b/collections/c", "", 201)
	for i := range 5 {
		s.must(admin, "PUT", fmt.Sprintf("%s/r%d", records, i), "", 201)
		s.must(admin, "DELETE", fmt.Sprintf("%s/r%d", records, i), "", 200)
	}
	if out := p.must("purge-deleted", "bucket", "record", "2"); out != "bucket       0 tombstones purged\nrecord       3 tombstones purged\n" {
		t.Errorf("purge-deleted said %q", out)
	}
	want := s.all()
	if strings.Count(want, "deleted") != 2 {
		t.Errorf("after it there are %s", want)
	}
	p.must("rebuild")
	if got := s.all(); got != want {
		t.Errorf("rebuilt\n%s\nbefore\n%s", got, want)
	}
	if out := p.must("flush-cache"); out != "The cache is empty.\n" {
		t.Errorf("flush-cache said %q", out)
	}
	if out := p.must("status"); !strings.Contains(out, "lag         0\nquarantine  0\n") {
		t.Errorf("status said %q", out)
	}
}

func TestRebuildUnderRequests(t *testing.T) {
	t.Parallel()
	p := distributed(t)
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	servers := []*server{p.start(), p.start("--no-projector")}
	servers[0].must(admin, "PUT", "/buckets/b", "", 201)
	servers[0].must(admin, "PUT", "/buckets/b/collections/c", "", 201)
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var written, reads atomic.Int64
	for client := range 4 {
		clients.Go(func() {
			s := servers[client%2]
			for i := 0; ctx.Err() == nil; i++ {
				path := fmt.Sprintf("%s/r%d-%d", records, client, i)
				answer, err := s.do(admin, "PUT", path, `{"data":{"n":1}}`)
				if err != nil || answer.Status != http.StatusCreated {
					t.Errorf("PUT %s: %s, %v", path, answer, err)
					return
				}
				written.Add(1)
				got, err := s.do(admin, "GET", path, "")
				if err != nil || got.Status != http.StatusOK || got.Body != answer.Body {
					t.Errorf("GET %s: %s, %v, want %s", path, got, err, answer)
					return
				}
				reads.Add(1)
			}
		})
	}
	for range 3 {
		before := reads.Load()
		p.must("rebuild")
		if reads.Load() == before {
			t.Error("nothing was read during a rebuild")
		}
	}
	stop()
	clients.Wait()
	list := servers[0].must(admin, "GET", records+"?_fields=id", "", 200)
	if got := int64(strings.Count(list, `"id"`)); got != written.Load() {
		t.Errorf("%d records are there, %d were written", got, written.Load())
	}
	t.Logf("%d writes, each read back", written.Load())
}
