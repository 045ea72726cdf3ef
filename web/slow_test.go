package web_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
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

// crowded is a listener that has no room for a connection, and then is closed.
type crowded struct {
	net.Listener
	asked bool
}

func (c *crowded) Accept() (net.Conn, error) {
	if c.asked {
		return nil, net.ErrClosed
	}
	c.asked = true
	return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
}

func TestConnectionsForWhichThereIsNoRoomAreALineOfTheLog(t *testing.T) {
	t.Parallel()
	frame, logged := setup(t, nil)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := frame.HTTPServer().Serve(&crowded{Listener: listener}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if line := logged.String(); !strings.HasPrefix(line, `{"level":"warning","msg":"http: Accept error: accept: too many open files`) {
		t.Errorf("got %q", line)
	}
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
