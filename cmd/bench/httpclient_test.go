package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve answers: what its path names.
func serve(tb testing.TB) (address string) {
	tb.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/sized", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "12345") })
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			fmt.Fprint(w, strings.Repeat("x", 20))
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/unchanged", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("/closed", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func connect(tb testing.TB, address string) *connection {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	tb.Cleanup(cancel)
	c, err := dial(ctx, address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

func TestRoundTripReadsEachKindOfAnswerToItsEnd(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t))
	for range 2 { // on one connection: what is left over would be taken for the next answer
		for request, want := range map[string]answer{
			"GET /sized":     {200, 5},
			"HEAD /sized":    {200, 0},
			"GET /chunked":   {200, 60},
			"GET /unchanged": {304, 0},
			"GET /nowhere":   {404, 19},
		} {
			bytes := []byte(request + " HTTP/1.1\r\nHost: x\r\n\r\n")
			got, err := c.roundTrip(bytes, strings.HasPrefix(request, "HEAD"))
			if err != nil || got != want {
				t.Errorf("%s: got %+v, %v, want %+v", request, got, err, want)
			}
		}
	}
}

func TestRoundTripSaysThatTheServerCloses(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t))
	got, err := c.roundTrip([]byte("GET /closed HTTP/1.1\r\nHost: x\r\n\r\n"), false)
	if err == nil {
		t.Errorf("got %+v, want an error", got)
	}
}

func BenchmarkClients(b *testing.B) {
	address := serve(b)
	b.Run("connection", func(b *testing.B) {
		c := connect(b, address)
		request := []byte("GET /sized HTTP/1.1\r\nHost: x\r\n\r\n")
		before, _ := ownCPU()
		for b.Loop() {
			if _, err := c.roundTrip(request, false); err != nil {
				b.Fatal(err)
			}
		}
		reportCPU(b, before)
	})
	b.Run("net-http", func(b *testing.B) {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		before, _ := ownCPU()
		for b.Loop() {
			response, err := client.Get("http://" + address + "/sized")
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		reportCPU(b, before)
	})
}

// reportCPU includes the server, which costs the same for both.
func reportCPU(b *testing.B, before time.Duration) {
	after, _ := ownCPU()
	b.ReportMetric(float64(after-before)/float64(time.Microsecond)/float64(b.N), "cpu-µs/op")
}
