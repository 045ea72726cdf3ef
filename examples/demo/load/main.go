// Command load puts the compatibility data of MDN into a collection over HTTP, one record for each feature. It prints the
// number of records that were acknowledged, and shows its progress on a terminal.
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
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	file := flag.String("file", "data.json", "the compatibility data")
	to := flag.String("to", "", "`URL` of the records of a collection")
	user := flag.String("user", "demo:demo", "`USER:PASSWORD` of Basic authentication")
	clients := flag.Int("clients", 32, "requests at the same time")
	flag.Parse()
	n, err := load(*file, target{url: *to, user: *user}, *clients)
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

// putAll puts records from several clients until all are there or one fails.
func putAll(records []record, to target, clients int, b *bar) error {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	var next atomic.Int64
	var working sync.WaitGroup
	for range clients {
		working.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(records) {
					return
				}
				if err := to.put(ctx, records[i]); err != nil {
					stop(err)
					return
				}
				b.step()
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}

// target is where records go.
type target struct {
	url, user string
	client    *http.Client
}

func (t target) put(ctx context.Context, r record) error {
	body, err := json.Marshal(map[string]any{"data": r.data})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, t.url+"/"+r.id, bytes.NewReader(body))
	if err != nil {
		return err
	}
	name, password, _ := strings.Cut(t.user, ":")
	request.SetBasicAuth(name, password)
	request.Header.Set("Content-Type", "application/json")
	answer, err := t.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("put %s: %s: %s", r.id, answer.Status, said)
	}
	return err
}
