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
		case "time":
			e.Origin.Time = r.time()
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
		case "retain":
			e.Retain = r.int()
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

func (r *reader) time() domain.Timestamp {
	text := r.string()
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
		"traceparent", "data", "action", "resource", "last_modified", "created", "permissions", "cascade", "retain",
		"read", "write",
	} {
		all[`"`+name+`"`] = name
	}
	return all
}()
