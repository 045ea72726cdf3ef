package history

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
)

// into is the history that has an entry about the event, "" if none has: that of a bucket goes with the bucket.
func (o Options) into(e domain.Event) domain.Plural {
	bucket, ok := bucketOf(e)
	if !ok || e.Resource == "bucket" && e.Action == domain.Deleted || slices.Contains(o.ExcludeUserIDs, e.Origin.UserID) {
		return ""
	}
	for _, u := range o.ExcludeResources {
		if rest, ok := strings.CutPrefix(string(e.Object.URI), strings.TrimSuffix(u, "/")); ok && (rest == "" || rest[0] == '/') {
			return ""
		}
	}
	return historyOf(bucket)
}

func historyOf(bucket domain.URI) domain.Plural { return domain.Plural(bucket.Below() + "history") }

// bucketOf is the bucket in which the event happened, if it is of a resource with history.
func bucketOf(e domain.Event) (domain.URI, bool) {
	plural := e.Plural()
	switch e.Resource {
	case "bucket":
		return e.Object.URI, true
	case "group", "collection":
		return plural.Parent(), true
	case "record":
		return plural.Parent().Plural().Parent(), true
	}
	return "", false
}

// needs is the collection of a record; the bucket is above every entry.
func needs(e domain.Event) domain.Needs {
	if e.Resource != "record" {
		return domain.Needs{}
	}
	return domain.Needs{Objects: []domain.URI{e.Plural().Parent()}}
}

// derive makes the entry of an event.
func derive(s *domain.State, e domain.Event, at domain.Timestamp) domain.Object {
	bucket, _ := bucketOf(e)
	plural := historyOf(bucket)
	id := newID(plural, at)
	return domain.Object{URI: plural.Object(id), Data: data(e, id, at), Permissions: readers(s, e, bucket)}
}

// newID is a UUID that the endpoint and the timestamp make: no two entries of an endpoint share a timestamp.
func newID(p domain.Plural, at domain.Timestamp) string {
	sum := sha256.Sum256(strconv.AppendInt([]byte(p+"@"), int64(at), 10))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version and variant of RFC 9562, section 5.4
	return id.String()
}

// readers are those who may read or write the object, its collection or its bucket, at the time of the event.
func readers(s *domain.State, e domain.Event, bucket domain.URI) domain.Permissions {
	if s.Policy().KeepExplicit {
		return nil
	}
	principals := allowed(e.Object)
	if e.Resource == "record" {
		principals = append(principals, allowed(s.Object(e.Plural().Parent()))...)
	}
	principals = append(principals, allowed(s.Object(bucket))...)
	return domain.Permissions{}.With("read", principals...)
}

func allowed(o domain.Object) []string {
	if !o.Live() {
		return nil
	}
	return slices.Concat(o.Permissions["read"], o.Permissions["write"])
}

// data is the entry as clients see it, its attributes in the order of normalised JSON.
func data(e domain.Event, id string, at domain.Timestamp) []byte {
	w := writer{make([]byte, 1, len(e.Object.Data)+512)}
	w.b[0] = '{'
	ids := idsOf(e)
	w.text("action", string(e.Action))
	w.id("bucket_id", ids)
	w.id("collection_id", ids)
	w.text("date", e.At().Time().Format("2006-01-02T15:04:05.000000-07:00"))
	w.id("group_id", ids)
	w.text("id", id)
	w.raw("last_modified", strconv.AppendInt(nil, int64(at), 10))
	w.id("record_id", ids)
	w.text("resource_name", e.Resource)
	w.target(e.Object)
	w.text("uri", string(e.Object.URI))
	if e.Origin.UserID == "" {
		w.raw("user_id", []byte("null"))
	} else {
		w.text("user_id", e.Origin.UserID)
	}
	w.b[len(w.b)-1] = '}'
	return w.b
}

// idsOf are the object's own id and that of the collection it is in.
func idsOf(e domain.Event) map[string]string {
	ids := map[string]string{e.Resource + "_id": e.Object.URI.ID()}
	if e.Resource == "record" {
		ids["collection_id"] = e.Plural().Parent().ID()
	}
	return ids
}

// writer writes the members of an object, each with a comma behind it.
type writer struct{ b []byte }

func (w *writer) raw(name string, value []byte) {
	w.b = append(append(jsondoc.AppendQuote(w.b, name), ':'), value...)
	w.b = append(w.b, ',')
}

func (w *writer) text(name, value string) {
	w.b = append(jsondoc.AppendQuote(w.b, name), ':')
	w.b = append(jsondoc.AppendQuote(w.b, value), ',')
}

func (w *writer) id(name string, ids map[string]string) {
	if id, ok := ids[name]; ok {
		w.text(name, id)
	}
}

func (w *writer) target(o domain.Object) {
	w.b = append(append(w.b, `"target":{"data":`...), o.Data...)
	w.b = rest.AppendPermissions(append(w.b, `,"permissions":`...), o.Permissions)
	w.b = append(w.b, "},"...)
}
