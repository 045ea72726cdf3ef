package backendtest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/projections"
)

// How much is tried at random, each time with another seed.
const (
	randomObjects = 150
	randomQueries = 400
)

func matchesTheReferenceAtRandom(f *fixture) {
	r := newRandom(f.t)
	f.commit(r.events()...)
	for range randomQueries {
		q := r.query()
		f.pagesMatchReference(q)
		if f.t.Failed() {
			return
		}
	}
}

// Compare fills both stores, which must be empty, with the same random commits and reports any difference between
// their dumps, what is accessible in them and their counts, and between the pages of random queries, byte for byte.
func Compare(t *testing.T, a, b projections.Store) {
	t.Helper()
	fa := &fixture{t: t, store: a, objects: map[domain.URI]domain.Object{}}
	fb := &fixture{t: t, store: b, objects: map[domain.URI]domain.Object{}}
	r := newRandom(t)
	events := r.events()
	for len(events) > 0 {
		n := min(len(events), 1+r.IntN(20))
		fa.commit(events[:n]...)
		fb.commit(events[:n]...)
		events = events[n:]
	}
	equal(t, "dump", fa.dump(), fb.dump())
	access := domain.AccessQuery{Principals: []string{"you"}, Granted: []string{resource("/l2/r1")}}
	equal(t, "accessible", fa.accessible(access), fb.accessible(access))
	if got, want := fa.counts(), fb.counts(); !reflect.DeepEqual(got, want) || len(got.Live) == 0 {
		t.Errorf("counts = %v, want %v", got, want)
	}
	for range randomQueries {
		q := r.query()
		if got, want := text(fa.list(q)), text(fb.list(q)); got != want {
			t.Fatalf("List %s\nfirst  %s\nsecond %s", describe(q), got, want)
		}
	}
}

// random makes objects and queries with few names and values, so that they meet.
type random struct {
	*rand.Rand
}

func newRandom(t testing.TB) random {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return random{rand.New(rand.NewPCG(seed, 1))}
}

func pick[T any](r random, list ...T) T { return list[r.IntN(len(list))] }

// events create objects, change some and delete others.
func (r random) events() []domain.Event {
	var events []domain.Event
	live := map[domain.URI]bool{}
	for i := range randomObjects {
		u := domain.Plural(pick(r, "/l", "/l", "/l", "/l2", "/l/r1/m")).Object(fmt.Sprintf("r%d", r.IntN(randomObjects)))
		at := domain.Timestamp(1000 + i)
		switch {
		case !live[u]:
			events = append(events, with(create(u, at, r.attributes()), "read", pick(r, "me", "you")))
		case r.IntN(3) == 0:
			events = append(events, remove(u, at))
		default:
			events = append(events, with(update(u, at, r.attributes()), "write", pick(r, "me", "you")))
		}
		live[u] = events[i].Action != domain.Deleted
	}
	return events
}

func (r random) attributes() string {
	var members []string
	for _, name := range []string{"a", "b", "é", "deleted"} {
		if r.IntN(4) > 0 {
			members = append(members, fmt.Sprintf("%q:%s", name, r.value(3)))
		}
	}
	return strings.Join(members, ",")
}

func (r random) value(depth int) string {
	switch n := r.IntN(10); {
	case n < 2:
		return pick(r, "null", "true", "false")
	case n < 4 || depth == 0:
		return pick(r, "0", "1", "1.0", "-1", "2.5", "1e22", "1e-7", "9007199254740992", "9007199254740993", "9007199254740992.0",
			"9223372036854775807", "18446744073709551615", "-9223372036854775808", "1.7e308", "0.1", "-0.0")
	case n < 7:
		return string(jsondoc.Quote(r.word()))
	case n < 9:
		return "[" + strings.Join(r.values(depth-1), ",") + "]"
	default:
		return r.object(depth - 1)
	}
}

func (r random) values(depth int) []string {
	values := make([]string, r.IntN(4))
	for i := range values {
		values[i] = r.value(depth)
	}
	return values
}

func (r random) object(depth int) string {
	var members []string
	for _, name := range []string{"a", "b", "aa", "é", "Z"} {
		if r.IntN(3) == 0 {
			members = append(members, fmt.Sprintf("%q:%s", name, r.value(depth)))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (r random) word() string {
	return pick(r, "", "a", "A", "b", "ab", "a b", "é", "É", "e\u0301", "ß", "Straße", "İ", "ﬀ", "Σς", "\U0001F600", "\uE000", "%", "_", `\`, `"`, "1", "true", "\n", "日本")
}

func (r random) query() domain.Query {
	q := domain.Query{
		Plural: "/l", Limit: pick(r, 0, 1, 7, 50, 10_001), Bytes: pick(r, 0, 0, 1, 500, 5000), Tombstones: r.IntN(2) == 0, Total: r.IntN(2) == 0,
	}
	for range r.IntN(3) {
		q.Filters = append(q.Filters, r.filter())
	}
	if r.IntN(3) > 0 {
		var names []string
		for range 1 + r.IntN(3) {
			names = append(names, pick(r, "", "-")+r.field())
		}
		q.Sort = sorts(strings.Join(names, ","))
	}
	deleted := slices.ContainsFunc(q.Sort, func(s domain.Sort) bool { return s.Field.Is("deleted") })
	q.DataOnly = !deleted && r.IntN(2) == 0 // that an object is deleted is not in its data
	if r.IntN(5) == 0 {
		q.Except = []string{"r1", "r2", "r3"}
	}
	return q
}

func (r random) field() string {
	return pick(r, "a", "b", "é", "a.b", "a.a", "a.0", "b.aa.é", "id", "last_modified", "deleted", "deleted.a", "id.x", "none")
}

func (r random) filter() domain.Filter {
	f := domain.Filter{Field: domain.ParseField(r.field())}
	f.Op = pick(r, domain.Equal, domain.Not, domain.Min, domain.Max, domain.Greater, domain.Less, domain.In,
		domain.Exclude, domain.Like, domain.Has, domain.Contains, domain.ContainsAny)
	count := 1
	switch f.Op {
	case domain.Like:
		f.Values = [][]byte{jsondoc.Quote(pick(r, "", "*", "*", "**") + r.word() + pick(r, "", "*") + pick(r, "", r.word()))}
		return f
	case domain.Has:
		f.Values = [][]byte{[]byte(pick(r, "true", "false"))}
		return f
	case domain.In, domain.Exclude, domain.Contains, domain.ContainsAny:
		count = r.IntN(4)
	}
	for range count {
		f.Values = append(f.Values, r.operand())
	}
	return f
}

func (r random) operand() []byte {
	raw := r.value(2)
	switch r.IntN(6) {
	case 0:
		raw = fmt.Sprint(1000 + r.IntN(randomObjects))
	case 1:
		raw = fmt.Sprintf(`"r%d"`, r.IntN(randomObjects))
	}
	value, err := jsondoc.Normalize([]byte(raw), jsondoc.DefaultLimits)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", raw, err)) // a mistake in a test
	}
	return value
}
