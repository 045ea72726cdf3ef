package eventstore

import (
	"errors"
	"fmt"
	"strconv"

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
// false are left out. The time is when the event was
// decided, by the clock of the writer; last_modified may be chosen by the client. An
// event with action "delete" carries a tombstone. One with action "purge" has "retain" in its data, the number of
// tombstones that each plural endpoint of the resource keeps. Secrecy is not in the payload: the subject of
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

// appendEvent appends one CloudEvent. It fails if the event could not be read back: that would stop every reader for good.
func appendEvent(dst []byte, commit string, index int, e *domain.Event) ([]byte, error) {
	w := writer{buf: dst}
	_, w.err = domain.ParseAction(string(e.Action))
	w.raw(`{"specversion":"1.0","id":"`).raw(commit).raw(".").int(int64(index))
	w.raw(`","source":"`).source(e.Plural())
	w.raw(`","type":`).text(Type(e.Resource, e.Action))
	w.member("subject", string(e.Object.URI))
	w.time(e.Origin.Time)
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
	if e.Action == domain.Purged {
		w.raw(`,"retain":`).int(e.Retain)
	}
	w.raw("}}")
	if w.err != nil {
		return nil, fmt.Errorf("encode event of %.80q: %w", e.Object.URI, w.err)
	}
	return w.buf, nil
}

// Type is that of the CloudEvents of what happens to objects of a resource, "" for the whole log.
func Type(resource string, a domain.Action) string {
	if resource == "" {
		resource = logResource
	}
	return typePrefix + resource + "." + string(a) + typeVersion
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

// Source is that of the CloudEvents of a plural endpoint.
func Source(p domain.Plural) string {
	var w writer
	return string(w.source(p).buf)
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

// time is left out where it is unknown, and where RFC 3339 has none.
func (w *writer) time(t domain.Timestamp) {
	if t <= 0 || t > domain.MaxTimestamp {
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
	separator := `,"permissions":{`
	for _, name := range p.Names() {
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
