package listeners_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/server"
)

func TestAWebhookDeliversSignedCloudEvents(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	s := open(t, server.Config{}, r.hook("key"))
	put(t, s, "/lists/a")
	d := r.want(t, "create /lists/a")[0]
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write(d.body)
	for name, want := range map[string]string{
		"Content-Type":            "application/cloudevents+json",
		listeners.KeyHeader:       d.id,
		listeners.SignatureHeader: "sha256=" + hex.EncodeToString(mac.Sum(nil)),
	} {
		if got := d.header.Get(name); got != want {
			t.Errorf("got %s: %q, want %q", name, got, want)
		}
	}
	position, err := strconv.ParseUint(d.header.Get(listeners.PositionHeader), 10, 64)
	if err != nil {
		t.Fatalf("position: %v", err)
	}
	for entry, err := range s.Parts().Log.Read(t.Context(), domain.Position(position-1)) {
		if want := fmt.Appendf(nil, "[%s]", d.body); err != nil || !bytes.Equal(entry.Payload, want) {
			t.Errorf("entry %d: got %s, %v, want %s", position, entry.Payload, err, want)
		}
		break
	}
	if !strings.Contains(string(d.body), `"type":"org.kintolog.list.create.v1"`) || !strings.Contains(string(d.body), `"of":"test"`) {
		t.Errorf("got body %s", d.body)
	}
}

func TestWithoutASecretNothingIsSigned(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	s := open(t, server.Config{}, r.hook(""))
	put(t, s, "/lists/a")
	if got, signed := r.want(t, "create /lists/a")[0].header[listeners.SignatureHeader]; signed {
		t.Errorf("got signature %q", got)
	}
}

func TestWhatIsDeliveredCanBeRead(t *testing.T) {
	t.Parallel()
	var s atomic.Pointer[server.Server]
	r := newReceiver(t, func(_ http.ResponseWriter, d delivery) {
		send(t, s.Load(), "me", "GET "+d.subject, "", http.StatusOK)
	})
	s.Store(open(t, server.Config{}, r.hook("")))
	put(t, s.Load(), "/lists/a", "/lists/a/items/1", "/lists/a/items/2")
	r.want(t, "create /lists/a", "create /lists/a/items/1", "create /lists/a/items/2")
}

func TestAReceiverThatFailsSometimesGetsEverythingInOrder(t *testing.T) {
	t.Parallel()
	tries := map[string]int{} // one delivery at a time: the race detector would tell
	r := newReceiver(t, func(w http.ResponseWriter, d delivery) {
		if tries[d.id]++; tries[d.id] < 3 {
			w.WriteHeader([]int{http.StatusInternalServerError, http.StatusFound, http.StatusBadRequest}[len(tries)%3])
		}
	})
	s := open(t, server.Config{}, r.hook(""))
	wanted := []string{"create /lists/a"}
	put(t, s, "/lists/a")
	for i := range 20 {
		put(t, s, fmt.Sprint("/lists/a/items/", i))
		wanted = append(wanted, fmt.Sprint("create /lists/a/items/", i))
	}
	send(t, s, "me", "DELETE /lists/a", "", http.StatusOK)
	r.want(t, append(wanted, "delete /lists/a")...)
}

func TestASlowReceiverIsTriedAgain(t *testing.T) {
	t.Parallel()
	var once atomic.Bool
	given := make(chan struct{})
	r := newReceiver(t, func(_ http.ResponseWriter, _ delivery) {
		if !once.Swap(true) {
			<-given // longer than the timeout
		}
	})
	hook := r.hook("")
	hook.Timeout = 50 * time.Millisecond
	s := open(t, server.Config{}, hook)
	put(t, s, "/lists/a")
	first := (<-r.got).id // the second attempt, while the first one hangs
	close(given)
	if again := (<-r.got).id; again != first {
		t.Errorf("got %s and %s, want the same key twice", first, again)
	}
}

func TestAReceiverThatWasDeadGetsWhatItMissed(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	hook := r.hook("")
	failed := make(chan struct{}, 1000)
	hook.Retries, hook.Handle = 1000, observed(hook.Handle, failed)
	s := open(t, server.Config{}, hook)
	put(t, s, "/lists/a")
	r.want(t, "create /lists/a")
	r.die()
	put(t, s, "/lists/b", "/lists/c")
	for range 3 {
		<-failed
	}
	r.start()
	r.want(t, "create /lists/b", "create /lists/c")
}

func TestARestartGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	config := server.Config{DataDir: t.TempDir()}
	got := make(chan listeners.Event, 100)
	l := listeners.Listener{Name: "code", Handle: record(got)}
	first, err := try(t, config, l)
	if err != nil {
		t.Fatal(err)
	}
	put(t, first, "/lists/a", "/lists/b")
	if a, b := <-got, <-got; a.Object.URI != "/lists/a" || b.Object.URI != "/lists/b" {
		t.Errorf("got %s and %s", a.Object.URI, b.Object.URI)
	}
	shut(t, first)

	without, err := try(t, config) // a while without listeners
	if err != nil {
		t.Fatal(err)
	}
	put(t, without, "/lists/c", "/lists/d")
	shut(t, without)

	s := open(t, config, l)
	put(t, s, "/lists/e")
	var uris []domain.URI
	for range 3 {
		e := <-got
		for e.Object.URI == "/lists/b" { // acknowledged too late to count
			e = <-got
		}
		uris = append(uris, e.Object.URI)
	}
	if want := []domain.URI{"/lists/c", "/lists/d", "/lists/e"}; !slices.Equal(uris, want) {
		t.Errorf("got %s, want %s", uris, want)
	}
}

func TestAWebhookNeedsAURL(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "example.com/hush", "ftp://example.com/hush", "http://", "http://[hush"} {
		if _, err := listeners.NewWebhook(address, ""); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v, want an error that does not tell it", address, err)
		}
	}
}
