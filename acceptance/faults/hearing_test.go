package faults_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/feed"
	"github.com/kintolog/kintolog/internal/programtest"
)

// hearing is a client that hears of what changes in a list, now from one host and now from another, and comes back with the
// last id it was given.
type hearing struct {
	t      *testing.T
	hosts  []string
	plural domain.Plural
	end    context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	first  string   // where it began
	last   string   // where it is
	events []string // ids, in the order in which they were heard
	latest string   // the object that the last one is about
	resets int
	visits int
}

// hear begins to hear, at once.
func hear(t *testing.T, plural domain.Plural, hosts ...string) *hearing {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	h := &hearing{t: t, hosts: hosts, plural: plural, end: end}
	h.done.Go(func() {
		for host := 0; ctx.Err() == nil; host++ {
			h.visit(ctx, hosts[host%len(hosts)])
		}
	})
	t.Cleanup(h.stop)
	eventually(t, "the beginning of a stream", func() error {
		if h.mu.Lock(); h.first == "" {
			defer h.mu.Unlock()
			return fmt.Errorf("after %d visits", h.visits)
		}
		h.mu.Unlock()
		return nil
	})
	return h
}

func (h *hearing) stop() {
	h.end()
	h.done.Wait()
}

// visit hears from one host until that fails, or for a moment.
func (h *hearing) visit(ctx context.Context, host string) {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond+rand.N(500*time.Millisecond))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/v1"+string(h.plural)+"/__events__", nil)
	if err != nil {
		h.t.Error(err)
		return
	}
	r.SetBasicAuth("me", "secret")
	h.mu.Lock()
	if h.visits++; h.last != "" {
		r.Header.Set("Last-Event-ID", h.last)
	}
	h.mu.Unlock()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		<-ctx.Done() // it may be refused at once
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		if answer.StatusCode != http.StatusServiceUnavailable {
			h.t.Errorf("%s answers %d", host, answer.StatusCode)
		}
		<-ctx.Done()
		return
	}
	var id, event, data string
	for lines := bufio.NewReader(answer.Body); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			data = value
		case "":
			h.heard(id, event, data)
			event, data = "", ""
		}
	}
}

// heard keeps what one message says.
func (h *hearing) heard(id, event, data string) {
	var events []struct{ ID, Subject string }
	if data != "" {
		if err := json.Unmarshal([]byte(data), &events); err != nil {
			h.t.Errorf("%s: %v", data, err)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last = id; h.first == "" {
		h.first = id
	}
	if event == "reset" {
		h.resets++
	}
	for _, e := range events {
		h.events, h.latest = append(h.events, e.ID), e.Subject
	}
}

// ends waits until everything is heard, up to a record that it makes, and stops.
func (h *hearing) ends() {
	h.t.Helper()
	last := string(h.plural) + "/last"
	eventually(h.t, "a last write", func() error {
		a, err := programtest.Ask(http.DefaultClient, h.hosts[0], "PUT", last, "")
		if err == nil && a.Status >= 300 {
			err = errors.New(a.String())
		}
		return err
	})
	eventually(h.t, "the last event", func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.latest != last {
			return fmt.Errorf("heard %d events, the last of %s", len(h.events), h.latest)
		}
		return nil
	})
	h.stop()
}

// logged checks that what was heard is what the log has since it began: everything, once, in order.
func (h *hearing) logged(log eventstore.Log) {
	h.t.Helper()
	from, err := strconv.ParseUint(h.first, 10, 64)
	if err != nil {
		h.t.Fatal(err)
	}
	var want []string
	for entry, err := range log.Read(h.t.Context(), domain.Position(from), h.plural) {
		if err != nil {
			h.t.Fatal(err)
		}
		events, err := feed.EventsOf(entry)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range events {
			want = append(want, e.ID)
		}
	}
	if !slices.Equal(h.events, want) {
		h.t.Errorf("heard %d events, the log has %d: %v, not %v", len(h.events), len(want), h.events, want)
	}
	if h.resets > 0 {
		h.t.Errorf("%d resets, although nothing above the list has changed", h.resets)
	}
	h.t.Logf("heard %d events in %d visits", len(h.events), h.visits)
}
