package eventstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kintolog/kintolog/domain"
)

// decodeEvents reads a payload; every error wraps ErrCorrupt.
func decodeEvents(payload []byte, secret bool) ([]domain.Event, error) {
	r := reader{dec: jsontext.NewDecoder(bytes.NewBuffer(payload), jsontext.AllowDuplicateNames(true))}
	events := make([]domain.Event, 0, 1+len(payload)/1024)
	r.array(func() {
		e := r.event()
		e.Secret = secret
		events = append(events, e)
	})
	if _, err := r.dec.ReadToken(); r.err == nil && !errors.Is(err, io.EOF) {
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

// reader reads JSON tokens and keeps the first error, after which it reads nothing. What an event has in common with the
// one before it, as most of a batch do, it does not make again.
type reader struct {
	dec *jsontext.Decoder
	err error

	before domain.Event
	kind   string             // of the event before
	acl    domain.Permissions // the last ones there were
	rawACL []byte
}

func (r *reader) event() (e domain.Event) {
	r.object(func(name string) {
		switch name {
		case "type":
			r.kind = r.string(r.kind)
		case "subject":
			e.Object.URI = domain.URI(r.string(""))
		case "time":
			e.Origin.Time = r.time()
		case "userid":
			e.Origin.UserID = r.string(r.before.Origin.UserID)
		case "requestid":
			e.Origin.Request = r.string(r.before.Origin.Request)
		case "traceparent":
			e.Origin.Trace = r.string(r.before.Origin.Trace)
		case "data":
			r.body(&e)
		default:
			r.skip()
		}
	})
	e.Object.Deleted = e.Action == domain.Deleted
	if r.err == nil && !(strings.HasPrefix(r.kind, typePrefix) && strings.HasSuffix(r.kind, typeVersion)) {
		r.err = fmt.Errorf("event type %q is none that this version understands", r.kind)
	}
	if r.err == nil {
		_, r.err = domain.ParseAction(string(e.Action))
	}
	r.before = e
	return e
}

func (r *reader) body(e *domain.Event) {
	r.object(func(name string) {
		switch name {
		case "action":
			e.Action = domain.Action(r.string(string(r.before.Action)))
		case "resource":
			e.Resource = r.string(r.before.Resource)
		case "last_modified":
			e.Object.LastModified = domain.Timestamp(r.int())
		case "created":
			e.Object.Created = domain.Timestamp(r.int())
		case "data":
			e.Object.Data = bytes.Clone(r.raw())
		case "permissions":
			e.Object.Permissions = r.permissions()
		case "cascade":
			e.Cascade = r.token('t').Kind() == 't'
		case "retain":
			e.Retain = r.int()
		default:
			r.skip()
		}
	})
}

func (r *reader) permissions() domain.Permissions {
	raw := r.raw()
	if r.err == nil && !bytes.Equal(raw, r.rawACL) {
		r.rawACL = bytes.Clone(raw)
		r.acl, r.err = domain.ReadPermissions(raw)
	}
	return r.acl
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

// string reads a text, which takes no memory if it is the one expected.
func (r *reader) string(expected string) string {
	v := r.raw()
	if r.err == nil && v.Kind() != '"' {
		r.err = fmt.Errorf("%s in place of a string at offset %d", v.Kind(), r.dec.InputOffset())
	}
	if r.err != nil {
		return ""
	}
	return r.text(v, expected)
}

func (r *reader) text(quoted jsontext.Value, expected string) string {
	switch literal := quoted[1 : len(quoted)-1]; {
	case bytes.IndexByte(literal, '\\') >= 0:
		var b []byte
		b, r.err = jsontext.AppendUnquote(nil, quoted)
		return string(b)
	case string(literal) == expected:
		return expected
	default:
		return string(literal)
	}
}

func (r *reader) time() domain.Timestamp {
	text := r.string("")
	if r.err != nil {
		return 0
	}
	var t time.Time
	t, r.err = time.Parse(time.RFC3339, text)
	return domain.TimestampOf(t)
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

// raw reads a value, which is valid until the next is read.
func (r *reader) raw() (v jsontext.Value) {
	if r.err == nil {
		v, r.err = r.dec.ReadValue()
	}
	return v
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
	v := r.raw()
	if name, known := names[string(v)]; known || r.err != nil {
		return name
	}
	return r.text(v, "")
}

// names maps the quoted names of the format to themselves.
var names = func() map[string]string {
	all := map[string]string{}
	for _, name := range []string{
		"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "userid", "requestid",
		"traceparent", "data", "action", "resource", "last_modified", "created", "permissions", "cascade", "retain",
		"read", "write",
	} {
		all[`"`+name+`"`] = name
	}
	return all
}()
