package batch

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// part is one request of a batch and what it was answered.
type part struct {
	rest.SubRequest
	request *http.Request // without context and body
	caller  domain.Caller
	target  target
	kept    writeapi.Part
	// inTx tells that it runs in the transaction of the batch.
	inTx   bool
	answer web.Answer
}

// target is what a path addresses; the zero target is no resource.
type target struct {
	resource *domain.Resource // nil for something that belongs to a resource, but is none
	root     *domain.Resource // that of the first segment
	plural   domain.Plural
	uri      domain.URI // empty on a plural endpoint
}

// prepare makes the parts, so that they can be served in any number of attempts.
func (b *batch) prepare(requests []rest.SubRequest) error {
	b.parts = make([]part, len(requests))
	targets := map[string]target{}
	for i, r := range requests {
		path := r.URL.EscapedPath()
		t, known := targets[path]
		if !known {
			t = b.target(path)
			targets[path] = t
		}
		b.parts[i] = part{SubRequest: r, target: t}
		b.writes = b.writes || isWrite(r.Method)
	}
	inherited := b.inherited()
	callers := map[string]domain.Caller{}
	for i := range b.parts {
		p := &b.parts[i]
		p.inTx = b.writes && (isWrite(p.Method) || p.target.root != nil || b.isStateful(p.URL))
		p.kept.NewID = p.idOfCreation()
		p.request = b.request(p, inherited)
		caller, known := callers[credentials(p.Header)]
		if !known {
			var err error
			if caller, err = b.Identify(p.request.WithContext(b.outer.Context())); err != nil {
				return err
			}
			callers[credentials(p.Header)] = caller
		}
		p.caller = caller
	}
	return nil
}

// isStateful tells whether a URL is that of a utility that sees the writes of the batch.
func (b *batch) isStateful(u *url.URL) bool {
	e := b.Find(u)
	return e != nil && e.Stateful
}

func isWrite(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// target finds out what an escaped path with its prefix addresses.
func (b *batch) target(escaped string) (t target) {
	segments, err := rest.SplitPath(strings.TrimPrefix(escaped, b.Prefix))
	if err != nil {
		return target{}
	}
	if t.root = b.Catalog.OfPlural(domain.Plural("/" + segments[0])); t.root == nil {
		return target{}
	}
	path := "/" + strings.Join(segments, "/")
	if t.plural = domain.Plural(path); len(segments)%2 == 0 {
		t.uri = domain.URI(path)
		t.plural = t.uri.Plural()
	}
	t.resource = b.Catalog.OfPlural(t.plural)
	return t
}

// inherited are the headers that all parts have from the batch.
func (b *batch) inherited() http.Header {
	h := maps.Clone(b.outer.Header)
	delete(h, "Content-Length")
	delete(h, Header)
	delete(h, idempotency.Header) // which names the batch
	return h
}

func (b *batch) request(p *part, inherited http.Header) *http.Request {
	header := make(http.Header, len(inherited)+len(p.Header))
	maps.Copy(header, inherited)
	maps.Copy(header, p.Header)
	if p.inTx {
		delete(header, rest.PositionHeader) // a transaction is at the end of the log, so there is nothing to wait for
	}
	return &http.Request{
		Method: p.Method, URL: p.URL, Header: header, ContentLength: int64(len(p.Body)), Body: http.NoBody,
		Proto: b.outer.Proto, ProtoMajor: b.outer.ProtoMajor, ProtoMinor: b.outer.ProtoMinor,
		Host: b.outer.Host, RemoteAddr: b.outer.RemoteAddr, TLS: b.outer.TLS,
	}
}

// attempt is the request, ready to be served.
func (p *part) attempt(ctx context.Context) *http.Request {
	r := p.request.WithContext(writeapi.WithPart(web.WithCaller(ctx, p.caller), &p.kept))
	if p.Body != nil {
		r.Body = io.NopCloser(bytes.NewReader(p.Body))
	}
	return r
}

// credentials are the headers of a part that may tell who calls.
func credentials(h http.Header) string {
	var names []string
	for name := range h {
		if !slices.Contains(anonymous, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + ": " + h[name][0] + "\n") // no header has a line break in it
	}
	return b.String()
}

// anonymous are headers that never tell who calls.
var anonymous = []string{
	"Accept", "Content-Type", "If-Match", "If-None-Match", "Response-Behavior",
}

// idOfCreation chooses the id of the object that a POST creates without naming one.
func (p *part) idOfCreation() string {
	r := p.target.resource
	if p.Method != http.MethodPost || r == nil || p.target.uri != "" || r.IDs.New == nil {
		return ""
	}
	data, _ := jsondoc.Lookup(p.Body, "data")
	if _, given, _ := rest.IDOf(data); given {
		return ""
	}
	return r.IDs.New()
}

// needs are what the part will look at, as far as it can be told.
func (p *part) needs() domain.Needs {
	t := p.target
	n := domain.Needs{Members: p.caller.Members(), Scopes: []domain.Plural{""}}
	if t.resource == nil {
		return n
	}
	n.Scopes = append(n.Scopes, t.plural)
	n.Objects = t.plural.Ancestors()
	data, _ := jsondoc.Lookup(p.Body, "data")
	id, _, _ := rest.IDOf(data)
	switch {
	case t.uri != "":
		n.Objects = append(n.Objects, t.uri)
	case p.kept.NewID != "" && t.resource.IDs.Unique:
	case p.Method == http.MethodPost && cmp.Or(p.kept.NewID, id) != "":
		n.Objects = append(n.Objects, t.plural.Object(cmp.Or(p.kept.NewID, id)))
	}
	if at, ok := rest.LastModifiedOf(data); ok {
		n.Moments = []domain.Moment{{Plural: t.plural, Timestamp: at}}
	}
	return n
}
