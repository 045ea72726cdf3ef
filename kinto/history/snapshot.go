package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

func endpoints(p server.Parts) ([]web.Endpoint, error) {
	return []web.Endpoint{{
		Name: "snapshot", Path: "/buckets/{bucket}/snapshot/collections/{moment}",
		Methods: []web.Method{{Name: http.MethodGet, Handle: func(w http.ResponseWriter, r *web.Request) error {
			return answerSnapshot(p, w, r)
		}}},
	}}, nil
}

// answerSnapshot answers with the records of a collection as they were at a moment, newest first. There are no pages of a
// snapshot, and what clients get is whole: one that is too large is refused. kinto.js makes it of the history then, page by page.
func answerSnapshot(p server.Parts, w http.ResponseWriter, r *web.Request) error {
	id, text, ok := cutLast(r.Params["moment"], "@")
	if !ok {
		return &domain.Error{Code: domain.MissingResource}
	}
	r.Params["collection"] = id // which requests are measured by, whatever the moment
	bucket := domain.Plural("/buckets").Object(r.Params["bucket"])
	pages, problem := rest.ParseQuery("", p.Config.Query())
	if problem != nil {
		return problem
	}
	s := snapshot{
		reader: p.Read.From(r.Context()), bucket: bucket, collection: domain.Plural(bucket.Below() + "collections").Object(id),
		most: pages.Query.Bytes,
	}
	if err := s.admit(r.Context(), p, r.Caller); err != nil {
		return err
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at < 0 {
		return domain.Invalidf(domain.InPath, "timestamp", "Invalid timestamp '%s'", text)
	}
	s.at = domain.Timestamp(at)
	records, err := s.records(r.Context())
	switch {
	case errors.Is(err, errTooLarge):
		return &domain.Error{Code: domain.TooLarge, Message: fmt.Sprintf("The snapshot has more than %d bytes.", s.most)}
	case err != nil:
		return &domain.Error{Code: domain.Unavailable, Cause: err}
	}
	web.WriteDocument(w, http.StatusOK, rest.AppendList(nil, records))
	return nil
}

func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// snapshot is a collection as it was at a moment.
type snapshot struct {
	reader             readapi.Reader
	bucket, collection domain.URI
	at                 domain.Timestamp
	objects            map[domain.URI]domain.Object // both, as far as they are there
	shared             *domain.Shared               // what the caller may see of the history; nil for all of it
	most               int                          // bytes, as of a page of a list
	held               int                          // bytes, of all records so far
}

// hold counts what is kept until the snapshot is answered.
func (s *snapshot) hold(size int) error {
	const overhead = 200 // of a record, however small
	if s.held += size + overhead; s.held > s.most {
		return errTooLarge
	}
	return nil
}

var errTooLarge = errors.New("the snapshot is too large")

// admit lets those in who may, explicitly, read or write the bucket, whose history they see, or the collection.
func (s *snapshot) admit(ctx context.Context, p server.Parts, caller domain.Caller) error {
	needs := domain.Needs{Objects: []domain.URI{s.bucket, s.collection}, Members: caller.Members()}
	loaded, err := p.Read.Load(ctx, needs)
	if err != nil {
		return err
	}
	principals := caller.Principals(loaded.Groups)
	readable := func(o domain.Object) bool {
		return o.Live() && (o.Permissions.Allows("read", principals) || o.Permissions.Allows("write", principals))
	}
	s.objects = loaded.Objects
	switch {
	case readable(s.objects[s.bucket]):
		return nil
	case readable(s.objects[s.collection]):
		s.shared = &domain.Shared{Permissions: []string{"read"}, Principals: principals}
		return nil
	}
	return caller.Refusal("read", string(s.collection))
}

// records are those that did not change since, and of the others what they were.
//
// The three lists need not be of one moment: what changes after the first is in the second and then in the third,
// which count only for what the first has not.
func (s *snapshot) records(ctx context.Context) ([]domain.Object, error) {
	plural := domain.Plural(s.collection.Below() + "records")
	var records []domain.Object
	unchanged := domain.Query{Plural: plural, Filters: []domain.Filter{s.filter(domain.Max, "last_modified")}}
	err := s.each(ctx, unchanged, func(o domain.Object) error {
		records = append(records, o)
		return s.hold(len(o.Data))
	})
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	later := domain.Query{Plural: plural, Filters: []domain.Filter{s.filter(domain.Greater, "last_modified")}, Tombstones: true}
	err = s.each(ctx, later, func(o domain.Object) error {
		changed[o.URI.ID()] = true
		return s.hold(len(o.URI.ID()))
	})
	if err != nil || len(changed) == 0 {
		return records, err
	}
	for _, o := range records {
		delete(changed, o.URI.ID())
	}
	former, err := s.former(ctx, plural, changed)
	if err != nil {
		return nil, err
	}
	records = append(records, former...)
	slices.SortFunc(records, domain.Query{}.Compare)
	return records, nil
}

// former are the last states, at the moment, of records that changed since.
func (s *snapshot) former(ctx context.Context, plural domain.Plural, changed map[string]bool) ([]domain.Object, error) {
	began, certain, err := s.began(ctx)
	if err != nil {
		return nil, err
	}
	q := domain.Query{Plural: historyOf(s.bucket), Filters: []domain.Filter{
		equal("resource_name", "record"), equal("collection_id", s.collection.ID()), s.filter(domain.Max, "target.data.last_modified"),
		filter(domain.Greater, "last_modified", began),
	}}
	if !certain {
		q.Shared = s.shared
	}
	if len(changed) <= maxNamed {
		q.Filters = append(q.Filters, oneOf("record_id", changed))
	}
	var former []domain.Object
	err = s.each(ctx, q, func(entry domain.Object) error {
		o, live := target(entry, plural)
		if !changed[o.URI.ID()] {
			return nil
		}
		delete(changed, o.URI.ID())
		if !live {
			return nil
		}
		o.Data = bytes.Clone(o.Data) // the entry is not kept for it
		former = append(former, o)
		return s.hold(len(o.Data))
	})
	return former, err
}

// began is after when the history is about the collection that there is: when it says that this one was created. If it does
// not, as changes may be left out or forgotten, certain is false, and it is when one with this id was deleted last, as far as
// is known. What was in that one is not for those who may read this one.
func (s *snapshot) began(ctx context.Context) (at domain.Timestamp, certain bool, err error) {
	entry, err := s.last(ctx, domain.Created)
	if err != nil {
		return 0, false, err
	}
	if s.tellsOf(entry) {
		return entry.LastModified, true, nil
	}
	entry, err = s.last(ctx, domain.Deleted)
	return entry.LastModified, false, err
}

// tellsOf tells whether an entry is about the creation of the collection that there is. This one was created at the moment of
// the entry, or just after the bucket, if the clock was not beyond that; any after a former one, later than either.
func (s *snapshot) tellsOf(creation domain.Object) bool {
	moment, err := time.Parse(time.RFC3339, jsondoc.LookupString(creation.Data, "date"))
	collection, at := s.objects[s.collection], domain.TimestampOf(moment)
	return err == nil && collection.Live() && at <= collection.Created && collection.Created <= max(at, s.objects[s.bucket].Created+1)
}

// last is the newest entry that tells that this was done to a collection with this id, the zero Object if there is none.
func (s *snapshot) last(ctx context.Context, action domain.Action) (domain.Object, error) {
	_, found, err := s.reader.List(ctx, domain.Needs{}, domain.Query{Plural: historyOf(s.bucket), Limit: 1, Filters: []domain.Filter{
		equal("uri", string(s.collection)), equal("action", string(action)),
	}})
	if err != nil || len(found.Objects) == 0 {
		return domain.Object{}, err
	}
	return found.Objects[0], nil
}

// maxNamed is how many records a query of the history names.
const maxNamed = 500

// target is the object that an entry is about, as it was after the change, and whether it was there.
func target(entry domain.Object, plural domain.Plural) (o domain.Object, live bool) {
	o.URI = plural.Object(jsondoc.LookupString(entry.Data, "record_id"))
	o.Data, _ = jsondoc.Lookup(entry.Data, "target", "data")
	value, _ := jsondoc.Lookup(o.Data, "last_modified")
	at, _ := jsondoc.Int(value)
	o.LastModified = domain.Timestamp(at)
	return o, jsondoc.LookupString(entry.Data, "action") != string(domain.Deleted)
}

func (s *snapshot) filter(op domain.Op, field string) domain.Filter { return filter(op, field, s.at) }

func filter(op domain.Op, field string, at domain.Timestamp) domain.Filter {
	return domain.Filter{Field: domain.ParseField(field), Op: op, Values: [][]byte{strconv.AppendInt(nil, int64(at), 10)}}
}

func equal(field, text string) domain.Filter {
	return domain.Filter{Field: domain.Field{field}, Op: domain.Equal, Values: [][]byte{jsondoc.Quote(text)}}
}

func oneOf(field string, texts map[string]bool) domain.Filter {
	f := domain.Filter{Field: domain.Field{field}, Op: domain.In}
	for text := range texts {
		f.Values = append(f.Values, jsondoc.Quote(text))
	}
	return f
}

// each calls do with every object that the query selects, newest first, until it returns an error.
func (s *snapshot) each(ctx context.Context, q domain.Query, do func(domain.Object) error) error {
	const page = 5_000
	q.Limit, q.Bytes = page, s.most
	for more := true; more; {
		_, found, err := s.reader.List(ctx, domain.Needs{}, q)
		if err != nil {
			return err
		}
		for _, o := range found.Objects {
			if err := do(o); err != nil {
				return err
			}
		}
		if more = found.More; more {
			q = q.Following(found)
		}
	}
	return nil
}
