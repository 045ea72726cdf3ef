package rest_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
)

var bucketBody = rest.BodyOptions{Permissions: []string{"read", "write", "collection:create"}}

func TestParseBody(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]rest.Envelope{
		``:                        {},
		`{}`:                      {},
		` {"data": {"b" : "é"}} `: {Data: []byte(`{"b":"\u00E9"}`)},
		`{"data":{}}`:             {Data: []byte(`{}`)},
		`{"permissions":{}}`:      {Permissions: map[string][]string{}},
		`{"data":{"__permissions__":1,"last_modified":"x"}}`: {Data: []byte(`{"__permissions__":1,"last_modified":"x"}`)},
		`{"permissions":{"read":["b","a"],"write":[],"collection:create":null}}`: {
			Permissions: map[string][]string{"read": {"b", "a"}, "write": {}, "collection:create": nil},
		},
		`{"data":{"last_modified":253402300799999}}`: {Data: []byte(`{"last_modified":253402300799999}`)},
		`{"data":{"last_modified":-5}}`:              {Data: []byte(`{"last_modified":-5}`)},
		`{"data":1,"data":{"a":1}}`:                  {Data: []byte(`{"a":1}`)},
	} {
		got, err := rest.ParseBody([]byte(raw), bucketBody)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", raw, got, err, want)
		}
	}
}

const notMapping = ` is not a mapping type: Does not implement dict-like functionality.`

func TestBodyErrors(t *testing.T) {
	t.Parallel()
	opts := bucketBody
	opts.Limits = rest.BodyLimits{Principals: 2, PrincipalLength: 20, Depth: 10}
	for raw, want := range map[string]string{
		`{"data":`:                          `body : Invalid JSON: Parse error at offset 8: A value is missing.; body : Required`,
		" \n":                               `body : Invalid JSON: Parse error at offset 2: A value is missing.; body : Required`,
		"{\"a\":\"\xff\"}":                  `body : Invalid JSON: Parse error at offset 6: The text is not UTF-8.; body : Required`,
		`null`:                              `body : Should be a JSON object or an array; body : Required`,
		`"x"`:                               `body : Should be a JSON object or an array; body : Required`,
		`[]`:                                `body : "[]"` + notMapping,
		`{"datta":{}}`:                      `body : Unrecognized keys in mapping: "{'datta': {}}"`,
		`{"data":null}`:                     `body data: "None"` + notMapping,
		`{"data":"x"}`:                      `body data: "x"` + notMapping,
		`{"permissions":"x"}`:               `body permissions: "x"` + notMapping,
		`{"permissions":{"foo":[]}}`:        `body permissions: "foo" is not one of read, write, collection:create`,
		`{"permissions":{"read":"a"}}`:      `body permissions.read: "a" is not iterable`,
		`{"permissions":{"read":[1]}}`:      `body permissions.read.0: 1 is not a string: {'': ''}`,
		`{"permissions":{"read":["a",""]}}`: `body permissions.read.1: Required`,
		`{"permissions":{"read":[null,0]}}`: `body permissions.read.0: Required; body permissions.read.1: Required`,
		`{"permissions":{"read":[[],1]}}`:   `body permissions.read.0: Required; body permissions.read.1: 1 is not a string: {'': ''}`,
		`{"permissions":{"read":[1,2,3]}}`:  `body permissions.read.0: 1 is not a string: {'': ''}; body permissions.read.1: 2 is not a string: {'': ''}; body permissions.read: More than 2 principals`,
		`{"permissions":{"read":["012345678901234567890"]}}`: `body permissions.read.0: Longer than 20 bytes`,
		`{"permissions":{"read":["\u0000"]}}`:                `body : Invalid JSON: Parse error at offset 25: A string holds the character U+0000.; body : Required`,
		`{"data":[[[[[[[[[[]]]]]]]]]]}`:                      `body : Invalid JSON: Parse error at offset 17: The document is nested too deeply.; body : Required`,
		`{"x":1,"data":1}`:                                   `body data: "1"` + notMapping + `; body : Unrecognized keys in mapping: "{'x': 1}"`,
	} {
		_, err := rest.ParseBody([]byte(raw), opts)
		if err == nil {
			t.Errorf("%s: accepted", raw)
			continue
		}
		if got := showDetails(err); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

func TestBodyErrorsOnTheWire(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"data":`:                   `{"code":400,"errno":107,"error":"Invalid parameters","message":"Invalid JSON: Parse error at offset 8: A value is missing.","details":[{"location":"body","name":"","description":"Invalid JSON: Parse error at offset 8: A value is missing."},{"location":"body","name":"","description":"Required"}]}`,
		`{"data":null}`:              `{"code":400,"errno":107,"error":"Invalid parameters","message":"data in body: \"None\"` + notMapping + `","details":[{"location":"body","name":"data","description":"\"None\"` + notMapping + `"}]}`,
		`{"permissions":{"foo":[]}}`: `{"code":400,"errno":107,"error":"Invalid parameters","message":"permissions in body: \"foo\" is not one of read, write, collection:create","details":[{"location":"body","name":"permissions","description":"\"foo\" is not one of read, write, collection:create"}]}`,
	} {
		_, err := rest.ParseBody([]byte(raw), bucketBody)
		if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
			t.Errorf("%s: got\n%s, want\n%s", raw, got, want)
		}
	}
}

func TestLongValuesAreCutInErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 3000)
	for _, raw := range []string{`{"data":"` + long + `"}`, `{"data":["` + long + `"]}`, `{"` + long + `":{}}`, `{"permissions":{"` + long + `":[]}}`} {
		_, err := rest.ParseBody([]byte(raw), bucketBody)
		if err == nil || len(err.Details[0].Description) > 300 {
			t.Errorf("%.40s: got %v", raw, err)
		}
	}
}

func TestOnlySoManyFaultsAreTold(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"permissions":{"read":[` + strings.Repeat("1,", 4000) + `1]}}`, `{"permissions":{` + manyMembers(4000) + `}}`,
	} {
		if _, err := rest.ParseBody([]byte(raw), bucketBody); err == nil || len(err.Details) != 100 {
			t.Errorf("%.40s: got %d details", raw, len(err.Details))
		}
	}
	_, err := rest.ParseQuery("_sort="+strings.Repeat("a,", 4000), rest.QueryOptions{Known: []string{}})
	if err == nil || len(err.Details) != 100 {
		t.Errorf("got %d details", len(err.Details))
	}
}

func manyMembers(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"p%d":[]`, i)
	}
	return strings.Join(members, ",")
}

func TestMergesHaveDataAndPermissions(t *testing.T) {
	t.Parallel()
	for _, kind := range []domain.PatchKind{domain.MergeAttributes, domain.MergePatch} {
		for raw, want := range map[string]rest.Envelope{
			``: {}, `{}`: {},
			`{"data":{"a":null},"permissions":{"read":null}}`: {Data: []byte(`{"a":null}`), Permissions: map[string][]string{"read": nil}},
		} {
			got, err := rest.ParsePatch([]byte(raw), kind, bucketBody)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %+v, %v, want %+v", raw, got, err, want)
			}
		}
	}
}

func TestJSONPatchIsCompleted(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`[]`: `[]`,
		`[{"op":"add","path":"/data/z","value":[1]}]`:                                                `[{"op":"add","path":"/data/z","value":[1]}]`,
		`[{"op":"add","path":"/permissions/read/alice"}]`:                                            `[{"op":"add","path":"/permissions/read/alice","value":"alice"}]`,
		`[{"op":"add","path":"/permissions/read/alice","value":"bob"}]`:                              `[{"op":"add","path":"/permissions/read/alice","value":"alice"}]`,
		`[{"op":"remove","path":"/permissions/read/~1buckets~1b~1groups~1g"}]`:                       `[{"op":"remove","path":"/permissions/read/~1buckets~1b~1groups~1g","value":"/buckets/b/groups/g"}]`,
		`[{"op":"add","path":"/permissions/read//buckets/b/groups/g"}]`:                              `[{"op":"add","path":"/permissions/read/~1buckets~1b~1groups~1g","value":"/buckets/b/groups/g"}]`,
		`[{"op":"add","path":"/permissions/collection:create","value":["a"]}]`:                       `[{"op":"add","path":"/permissions/collection:create","value":["a"]}]`,
		`[{"op":"move","from":"/data/a","path":"/data/b"},{"op":"test","path":"/data/b","value":1}]`: `[{"op":"move","from":"/data/a","path":"/data/b"},{"op":"test","path":"/data/b","value":1}]`,
	} {
		got, err := rest.ParsePatch([]byte(raw), domain.JSONPatch, bucketBody)
		if err != nil || string(got.Operations) != want || got.Data != nil || got.Permissions != nil {
			t.Errorf("%s: got %s, %v, want %s", raw, got.Operations, err, want)
		}
	}
}

func TestJSONPatchErrors(t *testing.T) {
	t.Parallel()
	opts := bucketBody
	opts.Limits.Operations = 2
	for raw, want := range map[string]string{
		`{}`:                                     `body : "{}" is not iterable`,
		``:                                       `body : "{}" is not iterable`,
		`[`:                                      `body : Invalid JSON: Parse error at offset 1: A value is missing.; body : Required`,
		`[1]`:                                    `body 0: "1"` + notMapping,
		`[{"op":"add","path":"/data/a","x":1}]`:  `body 0: Unrecognized keys in mapping: "{'x': 1}"`,
		`[{"op":"foo","path":"/data/a"}]`:        `body 0.op: "foo" is not one of test, add, remove, replace, move, copy`,
		`[{"op":"add"},{"path":"/a"}]`:           `body 0.path: Required; body 1.op: Required`,
		`[{"op":"add","path":"data"}]`:           `body 0.path: String does not match expected pattern`,
		`[{"op":"add","path":""}]`:               `body 0.path: Required`,
		`[{"op":"move","path":"/a","from":"b"}]`: `body 0.from: String does not match expected pattern`,
		`[{"op":1,"path":["a"]}]`:                `body 0.op: 1 is not a string: {'op': ''}; body 0.path: ['a'] is not a string: {'path': ''}`,
		`[{"op":"add","path":"/permissions/x/y"}]`: `body 0.path: "x" is not one of read, write, collection:create`,
		`[{},{},{}]`: `body 0.op: Required; body 0.path: Required; body 1.op: Required; body 1.path: Required; body : More than 2 operations`,
	} {
		_, err := rest.ParsePatch([]byte(raw), domain.JSONPatch, opts)
		if err == nil || showDetails(err) != want {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
	}
}

func TestIDAndLastModified(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{}`: ` false <nil>`, `{"id":"a"}`: `a true <nil>`, `{"id":""}`: ` true invalid: path <nil>: Invalid object id`,
		`{"id":5}`: ` true invalid: path <nil>: Invalid object id`, `{"id":null}`: ` true invalid: path <nil>: Invalid object id`, ``: ` false <nil>`,
	} {
		id, given, err := rest.IDOf([]byte(data))
		if got := fmt.Sprintf("%s %t %v", id, given, err); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
	for data, want := range map[string]string{
		`{}`: `0 false`, `{"last_modified":5}`: `5 true`, `{"last_modified":-5}`: `-5 true`, `{"last_modified":5.0}`: `0 false`,
		`{"last_modified":"5"}`: `0 false`, `{"last_modified":true}`: `0 false`, ``: `0 false`,
	} {
		at, ok := rest.LastModifiedOf([]byte(data))
		if got := fmt.Sprint(at, " ", ok); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
}

func FuzzParseBody(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"a":1},"permissions":{"read":["a"],"write":null}}`, `[{"op":"add","path":"/permissions/read/a"}]`, `[{"op":1}]`, `{"x":[]}`, `null`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		check := func(body rest.Envelope, err *domain.Error) {
			if err != nil {
				if status := rest.Status(err.Code); status < 400 || status > 499 {
					t.Errorf("%q: got status %d", raw, status)
				}
				return
			}
			for _, doc := range [][]byte{body.Data, body.Operations} {
				if doc == nil {
					continue
				}
				again, err := jsondoc.Normalize(doc, jsondoc.Limits{})
				if err != nil || string(again) != string(doc) {
					t.Errorf("%q: %q is not normalised: %v", raw, doc, err)
				}
			}
		}
		check(rest.ParseBody(raw, bucketBody))
		for _, kind := range []domain.PatchKind{domain.MergeAttributes, domain.MergePatch, domain.JSONPatch} {
			check(rest.ParsePatch(raw, kind, bucketBody))
		}
	})
}

func BenchmarkParseBody(b *testing.B) {
	raw := []byte(`{"data": {"title": "A small record", "status": "active", "age": 18, "tags": ["a", "b"], "address": {"city": "Paris"}}, "permissions": {"read": ["system.Everyone"]}}`)
	for b.Loop() {
		if _, err := rest.ParseBody(raw, bucketBody); err != nil {
			b.Fatal(err)
		}
	}
}
