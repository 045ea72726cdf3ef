package backendtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// filter is written "op field value value..." with JSON values without blanks.
func filter(text string) domain.Filter {
	words := strings.Fields(text)
	f := domain.Filter{Op: domain.Op(words[0]), Field: domain.ParseField(words[1])}
	for _, value := range words[2:] {
		f.Values = append(f.Values, []byte(value))
	}
	return f
}

// sorts is written as in a query string, "-a,b".
func sorts(text string) []domain.Sort {
	var list []domain.Sort
	for name := range strings.SplitSeq(text, ",") {
		field, descending := strings.CutPrefix(name, "-")
		list = append(list, domain.Sort{Field: domain.ParseField(field), Descending: descending})
	}
	return append(list, domain.NewestFirst...)
}

// sample has an object for each type of the attribute "v", in their order.
var sample = []string{
	`"v":null`, `"v":""`, `"v":"B"`, `"v":"a"`, `"v":"é"`, `"v":-1.5`, `"v":1`, `"v":2.5`, `"v":9007199254740993`,
	`"v":18446744073709551615`, `"v":1e300`, `"v":false`, `"v":true`, `"v":[]`, `"v":["a"]`, `"v":[1]`, `"v":[[]]`, `"v":[1,2]`, `"v":{}`,
	`"v":{"k":1}`, `"v":{"kk":1}`, `"v":{"B":1,"a":2}`, `"w":1`,
}

func (f *fixture) addSample() []string {
	var events []domain.Event
	var ids []string
	for i, attributes := range sample {
		ids = append(ids, fmt.Sprintf("r%02d", i))
		events = append(events, create(domain.URI("/l/"+ids[i]), domain.Timestamp(100+i), attributes))
	}
	slices.Reverse(events)
	f.commit(events...)
	return ids
}

func ordersValuesOfAllTypes(f *fixture) {
	want := f.addSample()
	equal(f.t, "sorted by v", f.ids(domain.Query{Plural: "/l", Sort: sorts("v")}), want)
	slices.Reverse(want)
	equal(f.t, "sorted by -v", f.ids(domain.Query{Plural: "/l", Sort: sorts("-v")}), want)
}

func filtersAsTheReference(f *fixture) {
	f.addSample()
	f.commit(
		create("/l/nested", 200, `"v":{"k":{"x":"Straße"}},"deleted":true,"tags":["a",1,{"b":[1,2]}]`),
		create("/l/texts", 202, `"v":["É","\u001F\n\\",1e20,{"k":1.5e-7,"":"😀"}]`),
		create("/l/text", 201, `"v":"50% of_it\\ É","tags":"a"`),
		create("/l/values", 204, `"v":[null,false,1e300,"é"],"tags":{"a":1}`),
		create("/l/letters", 203, `"v":"ÀÉ \u212A \u017F \u0130 \u01C5 \u1E9E ΑΣΣ ПРИВЕТ"`))
	values := []string{`null`, `""`, `"a"`, `"é"`, `1`, `1.0`, `2.4`, `-1e+300`, `9007199254740993`, `true`, `false`, `[]`, `[1]`, `["a"]`, `{"k":1}`, `{"kk":1}`}
	var filters []string
	for _, field := range []string{"v", "v.k", "v.k.x", "id", "last_modified", "deleted"} {
		for _, v := range values {
			for _, op := range []string{"eq", "not", "min", "max", "gt", "lt", "in", "exclude", "contains", "contains_any"} {
				filters = append(filters, op+" "+field+" "+v)
			}
		}
	}
	filters = append(filters,
		"in v", "exclude v", "contains v", "contains_any v", "in id", "in last_modified", "exclude deleted",
		`in v 1 "a" null [1]`, `exclude v 1 "a" null [1]`, `in id "r01" 5`, `exclude id "r01"`,
		`in last_modified 101 102.0 101.5 "101" 1e+300`, `eq last_modified 101.0`, `gt last_modified 101.5`, `lt last_modified 101.5`,
		`min last_modified -1e+300`, `max last_modified 18446744073709551615`,
		`has v true`, `has v false`, `has v.k true`, `has id true`, `has id false`, `has deleted true`, `has deleted false`,
		`like v "a"`, `like v "É"`, `like v "*A"`, `like v "[1*"`, `like v ""`, `like v "*"`, `like v "k\": 1"`, `like v "é\", "`, `like v "\\"`, `like v "00e"`, `like v "1"`,
		`like v "kk"`, `like v "k"`, `like v "\u212A"`, `like v "s"`, `like v "i"`, `like v "\u01C6"`, `like v "\u01C4"`, `like v "ß"`,
		`like v "ασσ"`, `like v "*привет"`, `like v "àé*ПРИвет"`, `like v "ÀÉ*1"`,
		`like v "%"`, `like v "_"`, `like v "\\"`, `like v.k.x "STRA*"`, `like id "R0"`, `like last_modified "10*"`, `like deleted "t"`,
		`contains tags "a"`, `contains tags "a" 1`, `contains tags {"b":[2]}`, `contains_any tags 2 1`, `contains_any tags {"b":[1,2]}`,
		`contains_any tags 2 3 4 5 6 7 8 9 "x" "y" 1.0`, `contains_any tags 2 3 4 5 6 7 8 9 "x" "y" {"b":[1,2]}`,
		`contains_any v null true false -1 0 2 3 "1" "x" "y" "é" 20.0`, `contains_any v 1 2 3 4 5 6 7 8 9 10 "a"`)
	for _, text := range filters {
		q := domain.Query{Plural: "/l", Filters: []domain.Filter{filter(text)}, Limit: 1000, Total: true}
		f.matchesReference(q)
	}
}

func takesWildcardsLiterally(f *fixture) {
	f.commit(create("/l/a", 1, `"v":"a_b"`), create("/l/b", 2, `"v":"axb"`), create("/l/c", 3, `"v":"a%b"`), create("/l/d", 4, `"v":"a\\b"`))
	f.commit(create("/l/x/a", 1, `"v":"a_b"`), create("/l2/a", 1, `"v":"a_b"`))
	for pattern, want := range map[string][]string{
		`"a_b"`: {"a"}, `"a%b"`: {"c"}, `"a\\b"`: {"d"}, `"a*b"`: {"d", "c", "b", "a"}, `"A*"`: {"d", "c", "b", "a"}, `"*c"`: {},
	} {
		q := domain.Query{Plural: "/l", Filters: []domain.Filter{{Field: domain.Field{"v"}, Op: domain.Like, Values: [][]byte{[]byte(pattern)}}}}
		equal(f.t, "like "+pattern, f.ids(q), want)
	}
}

func listsTombstonesWhereAsked(f *fixture) {
	f.commit(create("/l/a", 1, `"t":"x"`), create("/l/b", 2, `"t":"y","deleted":true`), create("/l/c", 3, ""))
	f.commit(remove("/l/c", 4))
	for _, q := range []domain.Query{
		{},
		{Tombstones: true},
		{Tombstones: true, Sort: sorts("t")},
		{Tombstones: true, Sort: sorts("-t")},
		{Tombstones: true, Sort: sorts("deleted")},
		{Tombstones: true, Sort: sorts("-deleted")},
		{Tombstones: true, Filters: []domain.Filter{filter("eq deleted true")}},
		{Tombstones: true, Filters: []domain.Filter{filter("eq deleted false")}},
		{Tombstones: true, Filters: []domain.Filter{filter("not deleted true")}},
		{Tombstones: true, Filters: []domain.Filter{filter("has deleted false")}},
		{Tombstones: true, Filters: []domain.Filter{filter("gt last_modified 1"), filter("not t \"y\"")}},
		{Filters: []domain.Filter{filter("eq deleted true")}},
	} {
		q.Plural, q.Limit, q.Total = "/l", 10, true
		f.matchesReference(q)
	}
}

func listsWhatIsShared(f *fixture) {
	f.commit(
		with(create("/l/a", 1, `"n":1`), "read", "me"), with(create("/l/b", 2, `"n":2`), "write", "/groups/g"),
		with(with(create("/l/c", 3, `"n":3`), "read", "me"), "write", "me", "you"), with(create("/l/d", 4, ""), "other", "me"),
		with(create("/l2/e", 5, ""), "read", "me"), with(create("/l/f", 6, ""), "read", "you"), with(create("/l/g", 7, ""), "read", "me"),
		remove("/l/g", 8), create("/groups/g", 9, `"members":["me"]`))
	shared := &domain.Shared{Permissions: []string{"read", "write"}, Principals: []string{"me"}, Members: []string{"me"}}
	q := domain.Query{Plural: "/l", Shared: shared, Tombstones: true, Total: true, Limit: 2}
	page := f.list(q)
	if len(page.Objects) != 2 || page.Objects[0].URI != "/l/c" || page.Total != 3 {
		f.t.Errorf("first page = %v of %d, want c and b of 3", page.Objects, page.Total)
	}
	q.After = [][]byte{[]byte("2")}
	equal(f.t, "second page", f.ids(q), []string{"a"})
	q.After, q.Filters = nil, []domain.Filter{filter("gt n 1")}
	if page := f.list(q); page.Total != 2 {
		f.t.Errorf("total of filtered = %d, want 2", page.Total)
	}
	q.Shared = &domain.Shared{}
	equal(f.t, "shared with nobody", f.ids(q), []string{})
}

func leavesOutWhatIsExcepted(f *fixture) {
	f.commit(create("/l/a", 1, ""), create("/l/b", 2, ""), create("/l/c", 3, ""))
	f.matchesReference(domain.Query{Plural: "/l", Except: []string{"b", "nothing"}, Limit: 10, Total: true})
	if page := f.list(domain.Query{Plural: "/l", Total: true}); page.Total != 3 || len(page.Objects) > 0 {
		f.t.Errorf("total alone = %v, want 3 and no objects", page)
	}
}

func pagesThroughEverythingOnce(f *fixture) {
	f.addSample()
	f.commit(remove("/l/r03", 300), create("/l/more", 301, `"v":1.0,"w":1`))
	for _, order := range []string{"v", "-v", "w,-v", "-deleted,v", "id", "-id", "last_modified", "v,last_modified,w"} {
		for _, limit := range []int{1, 3, 100} {
			f.pagesMatchReference(domain.Query{Plural: "/l", Sort: sorts(order), Limit: limit, Tombstones: true})
		}
		for _, bytes := range []int{1, 200, 1000} {
			f.pagesMatchReference(domain.Query{Plural: "/l", Sort: sorts(order), Limit: 10, Bytes: bytes, Tombstones: true})
		}
	}
}
