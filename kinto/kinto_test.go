package kinto_test

import (
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
)

func TestResourcesCheckSchemas(t *testing.T) {
	t.Parallel()
	above := map[string]domain.Object{
		"bucket":     {Data: []byte(`{"group:schema":{"required":["g"]},"collection:schema":{"required":["c"]}}`)},
		"collection": {Data: []byte(`{"schema":{"required":["r"]}}`), LastModified: 7},
	}
	on := kinto.Options{SchemaValidation: true}
	for _, test := range []struct {
		resource string
		options  []kinto.Options
		data     string
		want     string // "" is an error
	}{
		{"bucket", nil, `{"group:schema":{"type":"x"}}`, ``},
		{"bucket", nil, `{"group:schema":{"type":"object"}}`, `{"group:schema":{"type":"object"}}`},
		{"collection", nil, `{"schema":[]}`, ``},
		{"collection", nil, `{"schema":{},"cache_expires":"5"}`, `{"schema":{},"cache_expires":5}`},
		{"collection", []kinto.Options{on}, `{"schema":{}}`, ``},
		{"collection", []kinto.Options{on}, `{"c":1,"cache_expires":"x"}`, ``},
		{"collection", []kinto.Options{on}, `{"c":1,"cache_expires":"5"}`, `{"c":1,"cache_expires":5}`},
		{"collection", []kinto.Options{on}, `{"c":1,"schema":1}`, ``},
		{"group", nil, `{"members":[]}`, `{"members":[]}`},
		{"group", []kinto.Options{on}, `{"members":[]}`, ``},
		{"group", []kinto.Options{on}, `{"g":1}`, `{"g":1,"members":[]}`},
		{"record", []kinto.Options{on}, `{"a":1}`, ``},
		{"record", []kinto.Options{on}, `{"r":1}`, `{"r":1,"schema":7}`},
	} {
		r := resource(t, test.resource, test.options...)
		got, err := []byte(test.data), error(nil)
		for _, check := range []func(domain.Write) ([]byte, error){r.Validate, r.Check} {
			if check != nil && err == nil {
				got, err = check(domain.Write{
					Data: got, Given: true, Ancestor: func(name string) domain.Object { return above[name] },
				})
			}
		}
		if string(got) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s %s with %v: got %s %v, want %s", test.resource, test.data, test.options, got, err, test.want)
		}
	}
	if r := resource(t, "record"); r.Validate != nil || r.Check != nil {
		t.Error("records are checked without validation")
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ resource, data, want string }{
		{"collection", `{"cache_expires":"abc"}`, `data.cache_expires: "abc" is not a number`},
		{"collection", `{"cache_expires":[1]}`, `data.cache_expires: "[1]" is not a number`},
		{"group", `{"members":"x"}`, `data.members: "x" is not iterable`},
		{"group", `{"members":null}`, `data.members: "None" is not iterable`},
		{"group", `{"members":["a",1]}`, `data.members.1: 1 is not a string: {'': ''}`},
		{"group", `{"members":["a",""]}`, `data.members.1: Required`},
		{"group", `{"members":[null]}`, `data.members.0: Required`},
		{"group", `{"members":[[]]}`, `data.members.0: Required`},
		{"group", `{"members":[["a"]]}`, `data.members.0: ['a'] is not a string: {'': ''}`},
		{"group", `{"members":["system.Everyone"]}`, `data.members.0: 'system.Everyone' is not a valid user ID.`},
		{"group", `{"members":["/buckets/b/groups/g"]}`, `data.members.0: '/buckets/b/groups/g' is not a valid user ID.`},
	} {
		_, err := resource(t, test.resource).Validate(domain.Write{Data: []byte(test.data), Given: true})
		if want := "invalid: body " + test.want; err == nil || err.Error() != want {
			t.Errorf("%s %s: got %v, want %s", test.resource, test.data, err, want)
		}
	}
}

func resource(t *testing.T, name string, options ...kinto.Options) domain.Resource {
	t.Helper()
	for _, r := range kinto.Resources(options...) {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no resource %q", name)
	return domain.Resource{}
}
