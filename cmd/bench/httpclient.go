package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// connection is an HTTP/1.1 client with one connection that is kept alive. It knows just enough to be cheap:
// it sends requests that are bytes already and skips headers and bodies of answers. What it saves over
// net/http is on the cores of the server that is measured; BenchmarkClients tells how much.
type connection struct {
	conn net.Conn
	in   *bufio.Reader
}

// answer is what is kept of an answer.
type answer struct {
	status int
	size   int // of the body
}

func dial(ctx context.Context, address string) (*connection, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(grace)
	}
	return &connection{conn, bufio.NewReaderSize(conn, 64<<10)}, conn.SetDeadline(deadline)
}

func (c *connection) Close() error { return c.conn.Close() }

// roundTrip sends a request and reads its answer to the end. Bodyless tells that the request is a HEAD.
func (c *connection) roundTrip(request []byte, bodyless bool) (answer, error) {
	if _, err := c.conn.Write(request); err != nil {
		return answer{}, err
	}
	status, err := c.status()
	if err != nil {
		return answer{}, err
	}
	size, err := c.headers()
	if err != nil {
		return answer{}, err
	}
	if bodyless || status == 304 || status == 204 {
		return answer{status, 0}, nil
	}
	size, err = c.skipBody(size)
	return answer{status, size}, err
}

func (c *connection) status() (int, error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("not an HTTP answer: %q", line)
	}
	return strconv.Atoi(string(line[9:12]))
}

// chunked stands for the size of a body that is sent in chunks.
const chunked = -1

// headers reads up to the empty line and returns the size of the body.
func (c *connection) headers() (size int, err error) {
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return size, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case is(name, "content-length"):
			size, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		case is(name, "transfer-encoding"):
			size = chunked
		case is(name, "connection") && is(bytes.TrimSpace(value), "close"):
			err = fmt.Errorf("the server closes the connection")
		}
		if err != nil {
			return 0, err
		}
	}
}

func is(word []byte, lower string) bool {
	return len(word) == len(lower) && bytes.EqualFold(word, []byte(lower))
}

func (c *connection) skipBody(size int) (int, error) {
	if size != chunked {
		return c.in.Discard(size)
	}
	for sum := 0; ; {
		line, err := c.line()
		if err != nil {
			return sum, err
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return sum, fmt.Errorf("size of a chunk: %w", err)
		}
		if _, err := c.in.Discard(int(n) + len("\r\n")); err != nil {
			return sum, err
		}
		if sum += int(n); n == 0 {
			return sum, nil
		}
	}
}

// line returns the next line without its end; it is valid until the next read.
func (c *connection) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return bytes.TrimRight(line, "\r\n"), err
}
