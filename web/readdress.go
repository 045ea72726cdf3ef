package web

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Segments are those of the path, decoded, without the version prefix. They must not be changed.
func (r *Request) Segments() []string { return r.segments[1:] }

// Readdress makes it a request for another path that its endpoint serves: one with these segments, which differ from
// those there were in values of parameters alone. The http.Request that came in keeps its path.
func (r *Request) Readdress(segments []string) {
	r.segments = append([]string{r.segments[0]}, segments...)
	path := "/" + strings.Join(r.segments, "/")
	r.change(func(changed *http.Request) {
		changed.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
	})
	r.address()
}

// ReplaceQuery makes it a request with another query string. The http.Request that came in keeps its own.
func (r *Request) ReplaceQuery(raw string) {
	r.change(func(changed *http.Request) {
		asked := *changed.URL
		asked.RawQuery = raw
		changed.URL = &asked
	})
}

// ReplaceBody makes it a request with another body. The http.Request that came in keeps its own, which may have been read.
func (r *Request) ReplaceBody(body []byte) {
	r.change(func(changed *http.Request) {
		changed.Body, changed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	})
}

// change changes a copy of the http.Request.
func (r *Request) change(change func(*http.Request)) {
	changed := *r.Request
	change(&changed)
	r.Request = &changed
}
