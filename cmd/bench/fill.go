package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// loaders is how many connections load records at once.
const loaders = 16

// loadTime bounds the loading of one collection.
const loadTime = 5 * time.Minute

// fill makes a collection with so many records, in batch requests, and returns how long that took and the timestamp of the
// records.
func fill(ctx context.Context, address string, records int) (time.Duration, string, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	f := filler{address: address, records: records, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: loaders},
	}}
	defer f.client.CloseIdleConnections()
	if err := f.prepare(ctx); err != nil {
		return 0, "", fmt.Errorf("prepare a collection of %d records: %w", records, err)
	}
	start := time.Now()
	if err := f.load(ctx); err != nil {
		return 0, "", fmt.Errorf("load %d records: %w", records, err)
	}
	took := time.Since(start)
	timestamp, err := f.verify(ctx)
	if err != nil {
		return 0, "", fmt.Errorf("count %d records: %w", records, err)
	}
	return took, timestamp, nil
}

type filler struct {
	address string
	records int
	client  *http.Client
	next    atomic.Int64
}

// prepare makes the bucket and the collection.
func (f *filler) prepare(ctx context.Context) error {
	collection := strings.TrimSuffix(recordsPath(f.records), "/records")
	for _, path := range []string{"/buckets/" + bucket, collection} {
		if _, _, err := f.send(ctx, http.MethodPut, path, nil); err != nil {
			return err
		}
	}
	return nil
}

// load ends with the first error of any connection.
func (f *filler) load(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for range loaders {
		all.Go(func() error {
			for {
				first := int(f.next.Add(batchSize)) - batchSize
				if first >= f.records {
					return nil
				}
				if err := f.loadBatch(ctx, first, min(first+batchSize, f.records)); err != nil {
					return err
				}
			}
		})
	}
	return all.Wait()
}

func (f *filler) loadBatch(ctx context.Context, first, end int) error {
	body := []byte(`{"defaults":{"method":"PUT"},"requests":[`)
	for n := first; n < end; n++ {
		if n > first {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"path":"%s/%s","body":{"data":`, recordsPath(f.records), recordID(n))
		body = append(appendRecord(body, n), "}}"...)
	}
	_, answer, err := f.send(ctx, http.MethodPost, "/batch", append(body, "]}"...))
	if err != nil {
		return err
	}
	var got struct {
		Responses []struct {
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || len(got.Responses) != end-first {
		return fmt.Errorf("answer to a batch of %d: %d responses, %w", end-first, len(got.Responses), err)
	}
	for _, r := range got.Responses {
		if r.Status != http.StatusCreated {
			return fmt.Errorf("record in a batch: status %d: %s", r.Status, r.Body)
		}
	}
	return nil
}

// verify compares the total and returns the timestamp.
func (f *filler) verify(ctx context.Context) (string, error) {
	header, _, err := f.send(ctx, http.MethodHead, recordsPath(f.records), nil)
	if err != nil {
		return "", err
	}
	if got, want := header.Get("Total-Records"), fmt.Sprint(f.records); got != want {
		return "", fmt.Errorf("total: got %q, want %s", got, want)
	}
	return strings.Trim(header.Get("ETag"), `"`), nil
}

func (f *filler) send(ctx context.Context, method, path string, body []byte) (http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+f.address+"/v1"+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, nil, fmt.Errorf("%s %s: status %d: %s", method, path, response.StatusCode, answer)
	}
	return response.Header, answer, nil
}
