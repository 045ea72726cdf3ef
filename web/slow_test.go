package web_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/kintolog/kintolog/web"
)

// large answers with much more than lies between a server and a client that does not read.
func large(written chan<- error, size int) web.Endpoint {
	return web.Endpoint{Path: "/large", Public: true, Methods: []web.Method{{
		Name: "GET", Handle: func(w http.ResponseWriter, _ *web.Request) error {
			_, err := w.Write(bytes.Repeat([]byte("x"), size))
			written <- err
			return nil
		},
	}}}
}

func TestAClientThatDoesNotTakeItsAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	written := make(chan error, 1)
	config := web.Config{Limits: web.Limits{AnswerTime: 50 * time.Millisecond}, Log: quiet()}
	frame, err := web.New(config, []web.Endpoint{large(written, 64<<20)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(frame)
	defer server.Close()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /v1/large HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err == nil {
		t.Error("got no error, want one: nobody has taken 64 MiB")
	}
}

func TestALargeAnswerArrivesWhole(t *testing.T) {
	t.Parallel()
	const size = 3<<20 + 1
	frame, err := web.New(web.Config{Log: quiet()}, []web.Endpoint{large(make(chan error, 1), size)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(frame)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/large", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || len(body) != size {
		t.Errorf("got %d bytes, %v, want %d", len(body), err, size)
	}
}
