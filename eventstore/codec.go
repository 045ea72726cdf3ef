package eventstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kintolog/kintolog/domain"
)

// The payload of an entry is a batch of CloudEvents 1.0 in JSON: an array with one
// object for each event.
//
//	[{
//	  "specversion":     "1.0",
//	  "id":              "<commit id>.<index of the event in the commit>",
//	  "source":          "kintolog:/buckets/blog/collections/articles/records",
//	  "type":            "org.kintolog.record.create.v1",
//	  "subject":         "/buckets/blog/collections/articles/records/first",
//	  "time":            "2026-11-23T10:00:00.123Z",
//	  "datacontenttype": "application/json",
//	  "userid":          "account:alice",
//	  "requestid":       "5f0c",
//	  "traceparent":     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
//	  "data": {
//	    "action": "create", "resource": "record",
//	    "last_modified": 1795428000123, "created": 1795428000123,
//	    "data": {"id": "first", "last_modified": 1795428000123, "title": "..."},
//	    "permissions": {"write": ["account:alice"]},
//	    "cascade": true
//	  }
//	}]
//
// The source is the plural endpoint, percent-encoded. The type is made of resource ("log"
// for events of the whole log), action and format version. Members whose value is empty, zero or
// false are left out. The time repeats data.last_modified for generic consumers. An
// event with action "delete" carries a tombstone. Secrecy is not in the payload: the subject of
// the entry tells.
//
// A reader ignores members that it does not know. A change that old readers would misunderstand
// raises the format version; every version ever written stays readable.

// ContentType is the media type of an entry's payload.
const ContentType = "application/cloudevents-batch+json"

const (
	typePrefix  = "org.kintolog."
	typeVersion = ".v1"
	logResource = "log"
	sourcePart  = "kintolog:"
)

// appendEvent appends one CloudEvent. It fails if the event would not be JSON.
func appendEvent(dst []byte, commit string, index int, e *domain.Event) ([]byte, error) {
	w := writer{buf: dst}
	w.raw(`{"specversion":"1.0","id":"`).raw(commit).raw(".").int(int64(index))
	w.raw(`","source":"`).source(e.Plural())
	w.raw(`","type":`).text(eventType(e))
	w.member("subject", string(e.Object.URI))
	w.time(e.Object.LastModified)
	w.raw(`,"datacontenttype":"application/json"`)
	w.member("userid", e.Origin.UserID)
	w.member("requestid", e.Origin.Request)
	w.member("traceparent", e.Origin.Trace)
	w.raw(`,"data":{"action":`).text(string(e.Action))
	w.member("resource", e.Resource)
	w.raw(`,"last_modified":`).int(int64(e.Object.LastModified))
	if e.Object.Created != 0 {
		w.raw(`,"created":`).int(int64(e.Object.Created))
	}
	w.data(e.Object.Data)
	w.permissions(e.Object.Permissions)
	if e.Cascade {
		w.raw(`,"cascade":true`)
	}
	w.raw("}}")
	if w.err != nil {
		return nil, fmt.Errorf("encode event of %.80q: %w", e.Object.URI, w.err)
	}
	return w.buf, nil
}

func eventType(e *domain.Event) string {
	resource := e.Resource
	if resource == "" {
		resource = logResource
	}
	return typePrefix + resource + "." + string(e.Action) + typeVersion
}

// writer appends JSON to a buffer and keeps the first error.
type writer struct {
	buf []byte
	err error
}

func (w *writer) raw(s string) *writer {
	w.buf = append(w.buf, s...)
	return w
}

func (w *writer) int(i int64) *writer {
	w.buf = strconv.AppendInt(w.buf, i, 10)
	return w
}

func (w *writer) text(s string) *writer {
	buf, err := jsontext.AppendQuote(w.buf, s)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.buf = buf
	return w
}

func (w *writer) member(name, value string) {
	if value != "" {
		w.raw(`,"`).raw(name).raw(`":`).text(value)
	}
}

func (w *writer) source(p domain.Plural) *writer {
	w.raw(sourcePart)
	for i := range len(p) {
		if c := p[i]; c == '/' || c == '.' || plain(c) {
			w.buf = append(w.buf, c)
		} else {
			w.buf = append(w.buf, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return w
}

// time is left out where RFC 3339 has none.
func (w *writer) time(t domain.Timestamp) {
	if t < 0 || t > domain.MaxTimestamp {
		return
	}
	w.raw(`,"time":"`)
	w.buf = t.Time().AppendFormat(w.buf, "2006-01-02T15:04:05.000Z07:00")
	w.raw(`"`)
}

var errNotJSON = errors.New("data is not JSON")

func (w *writer) data(data []byte) {
	if len(data) == 0 {
		return
	}
	// An entry that cannot be read would stop every reader for good.
	if !jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true)) && w.err == nil {
		w.err = errNotJSON
	}
	w.raw(`,"data":`)
	w.buf = append(w.buf, data...)
}

func (w *writer) permissions(p domain.Permissions) {
	if len(p) == 0 {
		return
	}
	names := slices.AppendSeq(make([]string, 0, 8), maps.Keys(p))
	slices.Sort(names)
	separator := `,"permissions":{`
	for _, name := range names {
		w.raw(separator).text(name).raw(":[")
		for i, principal := range p[name] {
			if i > 0 {
				w.raw(",")
			}
			w.text(principal)
		}
		separator = "],"
	}
	w.raw("]}")
}

// decodeEvents reads a payload; every error wraps ErrCorrupt.
func decodeEvents(payload []byte, secret bool) ([]domain.Event, error) {
	r := reader{dec: jsontext.NewDecoder(bytes.NewBuffer(payload), jsontext.AllowDuplicateNames(true))}
	events := make([]domain.Event, 0, 1+len(payload)/1024)
	r.array(func() {
		e := r.event()
		e.Secret = secret
		events = append(events, e)
	})
	if _, err := r.dec.ReadToken(); r.err == nil && err != io.EOF {
		r.err = errors.New("something follows the batch")
	}
	if r.err == nil && len(events) == 0 {
		r.err = errors.New("the batch is empty")
	}
	if r.err != nil {
		return nil, fmt.Errorf("decode payload: %w: %w", ErrCorrupt, r.err)
	}
	return events, nil
}

// reader reads JSON tokens and keeps the first error, after which it reads nothing.
type reader struct {
	dec *jsontext.Decoder
	err error
}

func (r *reader) event() (e domain.Event) {
	var kind string
	r.object(func(name string) {
		switch name {
		case "type":
			kind = r.string()
		case "subject":
			e.Object.URI = domain.URI(r.string())
		case "userid":
			e.Origin.UserID = r.string()
		case "requestid":
			e.Origin.Request = r.string()
		case "traceparent":
			e.Origin.Trace = r.string()
		case "data":
			r.body(&e)
		default:
			r.skip()
		}
	})
	e.Object.Deleted = e.Action == domain.Deleted
	if r.err == nil && !(strings.HasPrefix(kind, typePrefix) && strings.HasSuffix(kind, typeVersion)) {
		r.err = fmt.Errorf("event type %q is none that this version understands", kind)
	}
	if r.err == nil {
		_, r.err = domain.ParseAction(string(e.Action))
	}
	return e
}

func (r *reader) body(e *domain.Event) {
	r.object(func(name string) {
		switch name {
		case "action":
			e.Action = domain.Action(r.string())
		case "resource":
			e.Resource = r.string()
		case "last_modified":
			e.Object.LastModified = domain.Timestamp(r.int())
		case "created":
			e.Object.Created = domain.Timestamp(r.int())
		case "data":
			e.Object.Data = r.value()
		case "permissions":
			e.Object.Permissions = r.permissions()
		case "cascade":
			e.Cascade = r.token('t').Kind() == 't'
		default:
			r.skip()
		}
	})
}

func (r *reader) permissions() domain.Permissions {
	p := domain.Permissions{}
	r.object(func(name string) {
		principals := []string{}
		r.array(func() { principals = append(principals, r.string()) })
		p[name] = principals
	})
	return p
}

// token reads one token of the kind, a boolean of either value counting as 't'.
func (r *reader) token(kind jsontext.Kind) jsontext.Token {
	if r.err != nil {
		return jsontext.Token{}
	}
	t, err := r.dec.ReadToken()
	if got := t.Kind(); err == nil && got != kind && !(kind == 't' && got == 'f') {
		err = fmt.Errorf("%s in place of %s at offset %d", got, kind, r.dec.InputOffset())
	}
	r.err = err
	if err != nil {
		return jsontext.Token{}
	}
	return t
}

func (r *reader) string() string {
	if t := r.token('"'); r.err == nil {
		return t.String()
	}
	return ""
}

func (r *reader) int() int64 {
	t := r.token('0')
	if r.err != nil {
		return 0
	}
	i, err := strconv.ParseInt(t.String(), 10, 64)
	r.err = err
	return i
}

func (r *reader) value() []byte {
	if r.err != nil {
		return nil
	}
	v, err := r.dec.ReadValue()
	r.err = err
	return bytes.Clone(v)
}

func (r *reader) skip() {
	if r.err == nil {
		r.err = r.dec.SkipValue()
	}
}

func (r *reader) object(member func(name string)) {
	r.token('{')
	for r.err == nil && r.dec.PeekKind() != '}' {
		member(r.name())
	}
	r.token('}')
}

func (r *reader) array(element func()) {
	r.token('[')
	for r.err == nil && r.dec.PeekKind() != ']' {
		element()
	}
	r.token(']')
}

// name reads the name of a member, without allocating for those of the format.
func (r *reader) name() string {
	if r.err != nil {
		return ""
	}
	v, err := r.dec.ReadValue()
	r.err = err
	if name, known := names[string(v)]; known {
		return name
	}
	if err == nil {
		var b []byte
		b, r.err = jsontext.AppendUnquote(nil, v)
		return string(b)
	}
	return ""
}

// names maps the quoted names of the format to themselves.
var names = func() map[string]string {
	all := map[string]string{}
	for _, name := range []string{
		"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "userid", "requestid",
		"traceparent", "data", "action", "resource", "last_modified", "created", "permissions", "cascade",
		"read", "write",
	} {
		all[`"`+name+`"`] = name
	}
	return all
}()
