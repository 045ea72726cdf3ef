package acceptance_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// request is what is sent, byte for byte: a client library would correct the mistakes that a test makes on purpose.
type request struct {
	method, target string
	headers        []string // "Name: value"
	body           string
}

// response is what comes back.
type response struct {
	status int
	header http.Header
	body   []byte
}

// send makes one request on a connection of its own. Host and Content-Length are added.
func (s *server) send(r request) (response, error) {
	conn, err := net.DialTimeout("tcp", s.Host, 10*time.Second)
	if err != nil {
		return response{}, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := conn.Write(r.bytes(s.Host)); err != nil {
		return response{}, fmt.Errorf("send: %w", err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.method})
	if err != nil {
		return response{}, fmt.Errorf("read the answer: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, body}, err
}

func (r request) bytes(host string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", r.method, r.target, host)
	for _, h := range r.headers {
		b.WriteString(h + "\r\n")
	}
	if r.body != "" || !strings.Contains("GET HEAD OPTIONS", r.method) {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n" + r.body)
	return b.Bytes()
}
