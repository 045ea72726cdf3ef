package web

import (
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
)

// Limits bound every request. A field that is zero stands for its default.
type Limits struct {
	// Body is the greatest body, in bytes. Default 4 MiB: room for a batch of 25 records of 160 KiB, while a body is
	// in memory several times until it is an event.
	Body int64
	// URL is the greatest length of path and query string, in bytes. Default 32 KiB.
	URL int
	// Headers is the greatest number of header lines. Default 100.
	Headers int
	// HeaderBytes is the greatest size of all header lines together. Default 64 KiB.
	HeaderBytes int
	// BodyTime is how long the body may take to arrive. Default 30 s.
	BodyTime time.Duration
	// AnswerTime is how long a client may take for each 256 KiB of an answer before it is cut off. Default 30 s.
	AnswerTime time.Duration
}

func (l *Limits) setDefaults() {
	setDefault(&l.Body, 4<<20)
	setDefault(&l.URL, 32<<10)
	setDefault(&l.Headers, 100)
	setDefault(&l.HeaderBytes, 64<<10)
	setDefault(&l.BodyTime, 30*time.Second)
	setDefault(&l.AnswerTime, 30*time.Second)
}

// positive tells that none of the limits forbids everything.
func (l Limits) positive() bool {
	return l.Body > 0 && l.URL > 0 && l.Headers > 0 && l.HeaderBytes > 0 && l.BodyTime > 0 && l.AnswerTime > 0
}

// check refuses a request for what comes before its body.
func (l Limits) check(r *http.Request) error {
	if len(r.RequestURI) > l.URL {
		return &domain.Error{Code: domain.TooLarge, Message: "The URL is too long."}
	}
	lines, size := 0, 0
	for name, values := range r.Header {
		lines += len(values)
		for _, value := range values {
			size += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	if lines > l.Headers || size > l.HeaderBytes {
		return &domain.Error{Code: domain.HeadersTooLarge}
	}
	return nil
}

// HTTPServer serves the frame with limits on what comes before it: a client has ten seconds to send its headers, and an
// idle connection is closed after two minutes. Config.Limits give each part of an answer its time, because a subscription
// lasts. Its Shutdown tells requests that the service is Ending.
func (f *Frame) HTTPServer() *http.Server {
	const margin = 64 << 10 // so that it is the frame that refuses what is too large, unless it is much too large
	limits := f.config.Limits
	s := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    limits.URL + limits.HeaderBytes + margin,
		ErrorLog:          log.New(complaints{f.config.Log}, "", 0),
	}
	s.RegisterOnShutdown(f.end)
	return s
}

// complaints is where an http.Server tells what goes wrong outside of requests, such as that there are too many connections.
type complaints struct{ log *logrus.Logger }

func (c complaints) Write(line []byte) (int, error) {
	c.log.Warn(strings.TrimSpace(string(line)))
	return len(line), nil
}
