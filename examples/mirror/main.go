// Command mirror keeps a copy of a list, over HTTP: it hears what changes by server-sent events, and goes on where it was
// when the connection is lost.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/tmaxmax/go-sse"
)

func main() {
	list := flag.String("list", "http://127.0.0.1:8888/v1/buckets/blog/collections/posts/records", "URL of the list")
	user := flag.String("user", "me:secret", "name and password; \"\" for nobody")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	m := &mirror{list: *list, user: *user, out: os.Stdout}
	if err := m.run(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "mirror:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// mirror is a copy of a list.
type mirror struct {
	list, user string
	out        io.Writer         // told what happens
	last       string            // id of the last event
	objects    map[string][]byte // by id, as JSON; nil before the list was loaded
	modified   map[string]int64  // when, by id, also of what was deleted
}

// object is what this program needs of one; the copy has all of it.
type object struct {
	ID           string `json:"id"`
	LastModified int64  `json:"last_modified"`
	Deleted      bool   `json:"deleted"`
}

// errRefused: it makes no sense to try again.
var errRefused = errors.New("refused")

// run keeps the copy until ctx ends or the service refuses.
func (m *mirror) run(ctx context.Context) error {
	for {
		err := m.follow(ctx)
		if errors.Is(err, errRefused) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Second): // the service may be starting again
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow hears of changes until the stream ends.
func (m *mirror) follow(ctx context.Context) error {
	answer, err := m.get(ctx, m.list+"/__events__", "Last-Event-ID", m.last)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for e, err := range sse.Read(answer.Body, &sse.ReadConfig{MaxEventSize: 64 << 20}) {
		if err != nil {
			return err
		}
		switch e.Type {
		case "":
			err = m.apply([]byte(e.Data))
		case "begin":
			if m.objects == nil {
				err = m.load(ctx, e.LastEventID)
			}
		case "reset":
			err = m.load(ctx, e.LastEventID)
		}
		if err != nil {
			return err
		}
		m.last = e.LastEventID
	}
	return io.EOF
}

// load gets the list, page by page, as it is after an event or later.
func (m *mirror) load(ctx context.Context, after string) error {
	m.objects, m.modified = map[string][]byte{}, map[string]int64{}
	for next := m.list; next != ""; {
		answer, err := m.get(ctx, next, "Kintolog-Position", after)
		if err != nil {
			return err
		}
		var page struct {
			Data []json.RawMessage `json:"data"`
		}
		err = json.NewDecoder(answer.Body).Decode(&page)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		for _, data := range page.Data {
			if err := m.put(data); err != nil {
				return err
			}
		}
		next = answer.Header.Get("Next-Page")
	}
	_, err := fmt.Fprintf(m.out, "loaded: %d objects\n", len(m.objects))
	return err
}

// apply makes the changes of one message.
func (m *mirror) apply(message []byte) error {
	var events []struct {
		Data struct {
			Action string          `json:"action"`
			Data   json.RawMessage `json:"data"`
		} `json:"data"`
	}
	if err := json.Unmarshal(message, &events); err != nil {
		return err
	}
	for _, e := range events {
		if err := m.put(e.Data.Data); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(m.out, "%s: %d objects %s\n", e.Data.Action, len(m.objects), e.Data.Data); err != nil {
			return err
		}
	}
	return nil
}

// put keeps an object, or its deletion, unless a later state of it is known: the list may have been ahead of the stream.
func (m *mirror) put(data []byte) error {
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		return err
	}
	if o.LastModified < m.modified[o.ID] {
		return nil
	}
	m.modified[o.ID] = o.LastModified
	if o.Deleted {
		delete(m.objects, o.ID)
	} else {
		m.objects[o.ID] = data
	}
	return nil
}

// get is the answer to a request with one header more, if that has a value.
func (m *mirror) get(ctx context.Context, url, header, value string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if name, password, ok := strings.Cut(m.user, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	if value != "" {
		r.Header.Set(header, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
	err = fmt.Errorf("%s: %s %s", url, answer.Status, body)
	if answer.StatusCode < http.StatusInternalServerError {
		err = fmt.Errorf("%w: %w", errRefused, err)
	}
	return nil, err
}
