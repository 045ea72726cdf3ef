package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/web"
)

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	log.SetLevel(logrus.PanicLevel)
	return log
}

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) WriteHeader(int)             {}
func (discard) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkFrame is what the frame adds to the work of an endpoint.
func BenchmarkFrame(b *testing.B) {
	for _, c := range []struct {
		name  string
		level logrus.Level
		form  logrus.Formatter
	}{
		{"silent", logrus.WarnLevel, &logrus.JSONFormatter{}},
		{"json", logrus.InfoLevel, web.JSONFormatter{}},
		{"logrus-json", logrus.InfoLevel, &logrus.JSONFormatter{}},
		{"text", logrus.InfoLevel, &logrus.TextFormatter{DisableColors: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			log := quiet()
			log.SetLevel(c.level)
			log.SetFormatter(c.form)
			all := endpoints(b)
			for i := range all {
				for j := range all[i].Methods {
					all[i].Methods[j].Handle = func(http.ResponseWriter, *web.Request) error { return nil }
				}
			}
			frame, err := web.New(web.Config{
				Log: log, Authenticators: []web.Authenticator{web.BasicAuth{Secret: "s"}},
			}, all)
			if err != nil {
				b.Fatal(err)
			}
			r := httptest.NewRequestWithContext(b.Context(), "GET", "/v1/buckets/blog/collections/articles/records?_limit=10", nil)
			r.Header.Set("Authorization", "Basic bWF0OnNlY3JldA==")
			r.Header.Set("Accept", "application/json")
			r.Header.Set("Origin", "http://localhost")
			r.Header.Set("User-Agent", "benchmark")
			b.ReportAllocs()
			for b.Loop() {
				frame.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}
