package web

import (
	"bytes"
	"net/http"
	"time"
)

// recorder remembers what status an answer went out with, and how long its body is. It lets a client that does not take
// its answer go.
type recorder struct {
	http.ResponseWriter
	timeout time.Duration // for each part; 0 for an answer within the process
	status  int           // 0 as long as nothing was written
	size    int           // of the body, in bytes
}

// partBytes is how much of an answer a client has to take in time.
const partBytes = 256 << 10

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.grant()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(b []byte) (written int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	for {
		part := b[:min(len(b), partBytes)]
		w.grant()
		n, err := w.ResponseWriter.Write(part)
		written, w.size, b = written+n, w.size+n, b[n:]
		if err != nil || len(b) == 0 {
			return written, err
		}
	}
}

// FlushError is for http.ResponseController.
func (w *recorder) FlushError() error {
	w.grant()
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if err == nil && w.status == 0 {
		w.status = http.StatusOK
	}
	return err
}

// grant gives the client time from now on. What is not a connection has no deadline, and needs none.
func (w *recorder) grant() {
	if w.timeout > 0 {
		_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.timeout))
	}
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// buffer is an answer that stays in memory.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 && status >= 200 {
		b.status = status
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}
