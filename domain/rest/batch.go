package rest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// SubRequest is one request of a batch, with the defaults of the batch filled in.
type SubRequest struct {
	Method string
	// URL has the version prefix in its path, and nothing but path and query.
	URL *url.URL
	// Header has the headers that the request or the defaults name, and the Content-Type of the body. It has no
	// Content-Length.
	Header http.Header
	// Body is normalised JSON: an object, or the array of a JSON Patch. It is nil if there is none, and for {}.
	Body []byte
}

// BatchPath is the path of the batch endpoint, without version prefix.
const BatchPath = "/batch"

// BatchOptions say how a batch is to be read. Except for Prefix and Requests, a field that is zero or less stands for its
// default.
type BatchOptions struct {
	Prefix     string // the version prefix, such as "/v1"
	Requests   int    // in one batch; zero or less for no limit
	Headers    int    // of one request, defaults included; default 100
	PathLength int    // of one request with its query, in bytes; default 32 KiB
	Depth      int    // nesting of one body; default that of jsondoc
	Members    int    // of all objects in the batch; default that of jsondoc
	// Bytes of all bodies together, defaults filled in: a small batch can ask for a lot. Default BatchBytes.
	Bytes int
}

// BatchBytes is how many bytes the bodies of a batch may have together if nothing else is said: 16 MiB.
const BatchBytes = 16 << 20

func (o BatchOptions) withDefaults() BatchOptions {
	o.Headers = positive(o.Headers, 100)
	o.PathLength = positive(o.PathLength, 32<<10)
	o.Depth = positive(o.Depth, jsondoc.DefaultLimits.Depth)
	o.Bytes = positive(o.Bytes, BatchBytes)
	return o
}

// ParseBatch reads the body of a batch (protocol 6.11). Defaults complete each request, headers and bodies member by
// member at any depth, and never replace what it says itself. Everything wrong with the batch is in one Invalid
// error, apart from limits on all of it, which come alone; it is TooLarge beyond BatchOptions.Bytes.
func ParseBatch(raw []byte, opts BatchOptions) ([]SubRequest, *domain.Error) {
	opts = opts.withDefaults()
	p := batchParser{
		// A body is inside of the request, the list of requests and the batch.
		bodyParser: newBodyParser(BodyOptions{Limits: BodyLimits{Depth: opts.Depth + 3, Members: opts.Members}}),
		opts:       opts,
	}
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	doc := p.document(raw)
	if doc == nil || !p.isMapping("", doc) {
		_, err := p.result()
		return nil, err
	}
	return p.batch(doc)
}

// batchParser collects what a batch says, and all that is wrong with it.
type batchParser struct {
	*bodyParser
	opts BatchOptions
	size int // of the bodies so far
}

func (p *batchParser) batch(doc []byte) ([]SubRequest, *domain.Error) {
	var defaults batchPart
	var list []byte
	var unknown []jsondoc.Field
	for name, value := range jsondoc.Members(doc) {
		switch name {
		case "defaults":
			defaults = p.part("defaults", value)
		case "requests":
			list = value
		default:
			unknown = append(unknown, jsondoc.Field{Name: name, Value: value})
		}
	}
	p.refuseUnknown("", unknown)
	requests, err := p.requests(list, defaults)
	if err != nil {
		return nil, err
	}
	if _, err := p.result(); err != nil {
		return nil, err
	}
	return requests, p.recursion(requests)
}

func (p *batchParser) requests(list []byte, defaults batchPart) ([]SubRequest, *domain.Error) {
	switch jsondoc.KindOf(list) {
	case jsondoc.KindMissing:
		p.fail("requests", required)
	case jsondoc.KindArray:
	default:
		p.fail("requests", `"%s" is not iterable`, shown(list))
	}
	parts := slices.Collect(jsondoc.Elements(list))
	if p.opts.Requests > 0 && len(parts) > p.opts.Requests {
		return nil, domain.Invalidf(domain.InBody, "requests", "Number of requests is limited to %d", p.opts.Requests)
	}
	requests := make([]SubRequest, len(parts))
	for i, value := range parts {
		requests[i] = p.request("requests."+strconv.Itoa(i), value, defaults)
		if p.size += len(requests[i].Body); p.size > p.opts.Bytes {
			return nil, &domain.Error{Code: domain.TooLarge}
		}
	}
	return requests, nil
}

// recursion refuses batches inside of batches.
func (p *batchParser) recursion(requests []SubRequest) *domain.Error {
	for _, r := range requests {
		if strings.TrimRight(r.URL.Path, "/") == p.opts.Prefix+BatchPath {
			return RecursiveBatch()
		}
	}
	return nil
}

// RecursiveBatch is the error for a batch inside of a batch.
func RecursiveBatch() *domain.Error {
	return domain.Invalidf(domain.InBody, "requests", "Recursive call on /batch endpoint is forbidden.")
}

// batchPart is one request as it is written, or the defaults. What is not there has its zero value.
type batchPart struct {
	method, path string
	header       http.Header
	body         []byte
}

// part reads what stands under a name.
func (p *batchParser) part(at string, value []byte) (part batchPart) {
	if !jsondoc.IsObject(value) {
		p.isMapping(at, value)
		return part
	}
	var unknown []jsondoc.Field
	for name, value := range jsondoc.Members(value) {
		switch name {
		case "method":
			part.method = p.method(at, value)
		case "path":
			part.path = p.path(at, value)
		case "headers":
			part.header = p.headers(at, value)
		case "body":
			part.body = value
		default:
			unknown = append(unknown, jsondoc.Field{Name: name, Value: value})
		}
	}
	p.refuseUnknown(at, unknown)
	return part
}

// batchMethods are those that a request of a batch can name.
var batchMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodTrace, http.MethodPost, http.MethodPut, http.MethodPatch,
}

func (p *batchParser) method(at string, value []byte) string {
	text, isString := jsondoc.String(value)
	if isBlank(value) || isString && slices.Contains(batchMethods, text) {
		return text
	}
	p.fail(at+".method", `"%s" is not one of %s`, shown(value), strings.Join(batchMethods, ", "))
	return ""
}

func (p *batchParser) path(at string, value []byte) string {
	text, _ := jsondoc.String(value)
	switch {
	case isBlank(value):
		return ""
	case !strings.HasPrefix(text, "/"):
		p.fail(at+".path", "String does not match expected pattern")
	case len(text) > p.opts.PathLength:
		p.fail(at+".path", "Longer than maximum length %d", p.opts.PathLength)
	default:
		return text
	}
	return "/" // one that is given
}

// isBlank tells that a text counts as not given.
func isBlank(value []byte) bool {
	return string(value) == `""` || jsondoc.KindOf(value) == jsondoc.KindNull
}

func (p *batchParser) headers(at string, value []byte) http.Header {
	at += ".headers"
	if !jsondoc.IsObject(value) {
		p.isMapping(at, value)
		return nil
	}
	header := http.Header{}
	for name, value := range jsondoc.Members(value) {
		text, isString := jsondoc.String(value)
		switch {
		case !isString:
			p.fail(at, "%s contains non string value", shown(jsondoc.With(nil, jsondoc.Field{Name: name, Value: value})))
		case strings.ContainsAny(text, "\r\n\x00"):
			p.fail(at, "%s contains a line break", shown(jsondoc.Quote(name)))
		default:
			header[http.CanonicalHeaderKey(name)] = []string{text}
		}
	}
	delete(header, "Content-Length")
	return header
}

// request reads one request and completes it.
func (p *batchParser) request(at string, value []byte, defaults batchPart) SubRequest {
	if !jsondoc.IsObject(value) {
		p.isMapping(at, value)
		return SubRequest{}
	}
	part := p.part(at, value)
	r := SubRequest{
		Method: cmp.Or(part.method, defaults.method, http.MethodGet),
		Header: make(http.Header, len(part.header)+len(defaults.header)+1),
		Body:   completed(part.body, defaults.body),
	}
	maps.Copy(r.Header, defaults.header)
	maps.Copy(r.Header, part.header)
	if len(r.Header) > p.opts.Headers {
		p.fail(at+".headers", "More than %d headers", p.opts.Headers)
	}
	p.typed(at, &r)
	path := cmp.Or(part.path, defaults.path)
	if path == "" {
		p.fail(at+".path", required)
	}
	r.URL = batchURL(p.opts.Prefix, path)
	return r
}

// typed checks the body against its type. It is JSON, whatever its header says, unless it is a patch of one of
// the standard kinds.
func (p *batchParser) typed(at string, r *SubRequest) {
	if r.Body == nil {
		return
	}
	kind := mediaType(r.Header)
	if kind == JSONPatchJSON && jsondoc.KindOf(r.Body) == jsondoc.KindArray {
		return
	}
	if !jsondoc.IsObject(r.Body) {
		p.isMapping(at+".body", r.Body)
		return
	}
	if len(r.Body) == len("{}") {
		r.Body = nil
		return
	}
	if kind != JSONPatchJSON && kind != MergePatchJSON {
		r.Header["Content-Type"] = justJSON
	}
}

// justJSON is shared by all requests and never changed.
var justJSON = []string{JSON}

// completed is a value with the members of the defaults that it does not have, at any depth.
func completed(value, defaults []byte) []byte {
	switch {
	case value == nil:
		return defaults
	case !jsondoc.IsObject(value) || !jsondoc.IsObject(defaults):
		return value
	}
	given := maps.Collect(jsondoc.Members(value))
	var added []jsondoc.Field
	for name, standard := range jsondoc.Members(defaults) {
		if own, has := given[name]; !has || jsondoc.IsObject(own) && jsondoc.IsObject(standard) {
			added = append(added, jsondoc.Field{Name: name, Value: completed(own, standard)})
		}
	}
	if added == nil {
		return value
	}
	return jsondoc.With(value, added...)
}

// batchURL is the URL of a path, which may have a query and be escaped or not. The version prefix is added
// unless it is there.
func batchURL(prefix, path string) *url.URL {
	path, query, _ := strings.Cut(path, "?")
	if rest, prefixed := strings.CutPrefix(path, prefix); !prefixed || rest != "" && rest[0] != '/' {
		path = prefix + path
	}
	escaped := escape(path, "-_.~$&+,/:;=@!'()*[]%")
	u := &url.URL{Path: unescapePath(escaped), RawQuery: escapeQuery(query)}
	if len(escaped) != len(u.Path) {
		u.RawPath = escaped
	}
	return u
}

// escapeQuery makes a raw query fit for a URL and for a header: of what has no place there, such as letters outside of
// ASCII, bytes are escaped.
func escapeQuery(raw string) string { return escape(raw, "-_.~$&+,/:;=@!'()*[]%?|{}^`\\") }

// escape replaces all bytes but letters, digits and some others, and percent signs that start no escape. What is
// escaped already stays as it is.
func escape(text, others string) string {
	isClean := func(i int) bool {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return true
		case c == '%':
			return i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2])
		}
		return strings.IndexByte(others, c) >= 0
	}
	var b []byte
	for i := range len(text) {
		switch clean := isClean(i); {
		case clean && b == nil: // nothing to replace so far
		case clean:
			b = append(b, text[i])
		default:
			if b == nil {
				b = append(make([]byte, 0, len(text)+16), text[:i]...)
			}
			b = fmt.Appendf(b, "%%%02X", text[i])
		}
	}
	if b == nil {
		return text
	}
	return string(b)
}
