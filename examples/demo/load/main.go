// Command load puts the compatibility data of MDN into a collection, one record for each feature, in batches over HTTP. It
// prints the number of records that were acknowledged, and shows its progress on a terminal.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	file := flag.String("file", "data.json", "the compatibility data")
	api := flag.String("api", "http://127.0.0.1:8888/v1", "`URL` of the server, with the version")
	to := flag.String("to", "", "`PATH` of the records of a collection")
	user := flag.String("user", "demo:demo", "`USER:PASSWORD` of Basic authentication")
	clients := flag.Int("clients", 8, "requests at the same time")
	flag.Parse()
	n, err := load(*file, target{api: *api, path: *to, user: *user}, *clients)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	fmt.Println(n)
}

// load reads the features of a file and puts them all. It returns how many were acknowledged.
func load(file string, to target, clients int) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	records, err := features(raw)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	to.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}
	b := newBar(len(records))
	err = putAll(records, to, clients, b)
	b.end()
	return int(b.done.Load()), err
}

// batchSize is how many requests the server takes in one, as its root endpoint tells (batch_max_requests).
const batchSize = 25

// putAll puts records, many at a time, from several clients until all are there or one fails.
func putAll(records []record, to target, clients int, b *bar) error {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	batches := make(chan []record)
	var working sync.WaitGroup
	for range clients {
		working.Go(func() {
			for batch := range batches {
				if err := to.put(ctx, batch); err != nil {
					stop(err)
					return
				}
				b.add(len(batch))
			}
		})
	}
	for batch := range slices.Chunk(records, batchSize) {
		select {
		case batches <- batch:
		case <-ctx.Done():
		}
	}
	close(batches)
	working.Wait()
	return context.Cause(ctx)
}

// target is where records go.
type target struct {
	api, path, user string
	client          *http.Client
}

// request is one of a batch.
type request struct {
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Body   map[string]any `json:"body"`
}

// put makes records, all or none of which are there afterwards.
func (t target) put(ctx context.Context, records []record) error {
	var requests []request
	for _, r := range records {
		requests = append(requests, request{http.MethodPut, t.path + "/" + r.id, map[string]any{"data": r.data}})
	}
	said, err := t.post(ctx, "/batch", map[string]any{"requests": requests})
	if err != nil {
		return err
	}
	var answers struct {
		Responses []struct {
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(said, &answers); err != nil {
		return fmt.Errorf("read the answer to a batch: %w", err)
	}
	if len(answers.Responses) != len(records) {
		return fmt.Errorf("a batch of %d has %d answers", len(records), len(answers.Responses))
	}
	for i, a := range answers.Responses {
		if a.Status != http.StatusCreated {
			return fmt.Errorf("put %s: %d: %s", records[i].id, a.Status, a.Body)
		}
	}
	return nil
}

// post sends JSON and returns the answer.
func (t target) post(ctx context.Context, path string, value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.api+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	name, password, _ := strings.Cut(t.user, ":")
	r.SetBasicAuth(name, password)
	r.Header.Set("Content-Type", "application/json")
	answer, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("post %s: %s: %s", path, answer.Status, said)
	}
	return said, err
}
