package embedded_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/internal/natstest"
)

func TestItGoesOnWhenItsDiskHasRoomAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("SKIPPED: a disk of its own needs the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := natstest.Start(t, embedded.Config{Dir: filepath.Join(dir, "log"), Listen: "127.0.0.1:0"})
	log, err := jetstream.Open(t.Context(), natstest.Connect(t, s), jetstream.Config{AckWait: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	url, outside := s.URL(), natstest.Dial(t, s.URL())
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tail := eventstore.Tail{}
	try := func(id string) error {
		ctx, cancel := context.WithTimeout(limited, time.Second)
		defer cancel()
		end, err := log.Append(ctx, tail, eventstore.Commit{ID: id, Events: []domain.Event{{
			Action: domain.Created, Resource: "bucket", Object: domain.Object{
				URI: "/buckets/b", LastModified: 1, Data: []byte(`{"text":"` + strings.Repeat("x", 8000) + `"}`),
			},
		}}})
		if err == nil {
			tail = end
		}
		return err
	}
	if err := try("first"); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 24<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	for s.Err() == nil {
		if err := try("full"); err == nil || limited.Err() != nil {
			t.Fatalf("on a full disk: got %v, and nothing is told", err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for try("room") != nil {
		if limited.Err() != nil {
			t.Fatalf("with room: %v", s.Err())
		}
	}
	if err := s.Err(); err != nil || tail.Position != 2 || s.URL() != url {
		t.Errorf("with room: got %v, %d entries at %s, want two at %s", err, tail.Position, s.URL(), url)
	}
	for outside.FlushWithContext(limited) != nil {
		if limited.Err() != nil {
			t.Fatal("other programs are not connected again")
		}
	}
}
