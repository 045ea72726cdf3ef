package jsondoc_test

import (
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

func field(name, value string) jsondoc.Field {
	return jsondoc.Field{Name: name, Value: []byte(value)}
}

func TestWithSetsAndRemovesMembers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		doc    string
		fields []jsondoc.Field
		want   string
	}{
		{`{}`, nil, `{}`},
		{``, []jsondoc.Field{field("a", "1")}, `{"a":1}`},
		{`[1]`, []jsondoc.Field{field("a", "1")}, `{"a":1}`},
		{`{"a":{"b":[1,"}"]},"c":2}`, []jsondoc.Field{field("c", "3"), field("d", "[]")}, `{"a":{"b":[1,"}"]},"c":3,"d":[]}`},
		{`{"a":1,"b":2,"c":3}`, []jsondoc.Field{field("a", ""), field("c", "")}, `{"b":2}`},
		{`{"a":1}`, []jsondoc.Field{field("a", "2"), field("a", "3")}, `{"a":3}`},
		{`{"\u00E9\"":1}`, []jsondoc.Field{field("é\"", "2")}, `{"\u00E9\"":2}`},
		{`{"a":1}`, []jsondoc.Field{field("x", "")}, `{"a":1}`},
	} {
		if got := jsondoc.With([]byte(c.doc), c.fields...); string(got) != c.want {
			t.Errorf("With(%s, %v) = %s; want %s", c.doc, c.fields, got, c.want)
		}
	}
}

func TestWithoutRemovesMembers(t *testing.T) {
	t.Parallel()
	got := jsondoc.Without([]byte(`{"a":1,"b":2,"c":3}`), "a", "c", "x")
	if want := `{"b":2}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMergeReplacesWholeAttributes(t *testing.T) {
	t.Parallel()
	got := jsondoc.Merge([]byte(`{"a":{"x":1},"b":2,"c":3}`), []byte(`{"d":4,"a":{"y":2},"b":null}`))
	if want := `{"a":{"y":2},"b":null,"c":3,"d":4}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLookupDescendsObjects(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"a":{"b.c":{"\u00E9":[1]},"s":"\\\""},"n":null}`)
	for _, c := range []struct {
		path []string
		want string
	}{
		{nil, string(doc)},
		{[]string{"a", "b.c", "é"}, `[1]`},
		{[]string{"a", "s"}, `"\\\""`},
		{[]string{"n"}, `null`},
		{[]string{"n", "x"}, ``},
		{[]string{"b"}, ``},
		{[]string{"a", "b.c", "é", "0"}, ``},
	} {
		got, ok := jsondoc.Lookup(doc, c.path...)
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("Lookup(%q) = %s, %v; want %s", c.path, got, ok, c.want)
		}
		want, _ := jsondoc.String([]byte(c.want))
		if got := jsondoc.LookupString(doc, c.path...); got != want {
			t.Errorf("LookupString(%q) = %q; want %q", c.path, got, want)
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) { //nolint:paralleltest // it counts allocations
	doc := []byte(`{"a":{"b":"é"},"c":1}`)
	if n := testing.AllocsPerRun(100, func() { jsondoc.Lookup(doc, "a", "b") }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func TestProjectionKeepsWhatExists(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"id":"i","title":"t","address":{"city":"c","street":{"no":1,"x":2}},"tags":[],"last_modified":5}`)
	for _, c := range []struct {
		fields [][]string
		want   string
	}{
		{nil, `{"id":"i","last_modified":5}`},
		{[][]string{{"title"}, {"nope"}}, `{"id":"i","title":"t","last_modified":5}`},
		{[][]string{{"address", "street", "no"}}, `{"id":"i","address":{"street":{"no":1}},"last_modified":5}`},
		{[][]string{{"address", "city"}, {"address"}}, `{"id":"i","address":{"city":"c","street":{"no":1,"x":2}},"last_modified":5}`},
		{[][]string{{"address"}, {"address", "city"}}, `{"id":"i","address":{"city":"c","street":{"no":1,"x":2}},"last_modified":5}`},
		{[][]string{{"address", "zip"}, {"id", "x"}}, `{"id":"i","last_modified":5}`},
		{[][]string{{"title", "x"}, {"tags", "x", "y"}}, `{"id":"i","title":"t","tags":[],"last_modified":5}`},
	} {
		if got := jsondoc.NewProjection(c.fields).Append(nil, doc); string(got) != c.want {
			t.Errorf("NewProjection(%v) gives %s; want %s", c.fields, got, c.want)
		}
	}
}
