package jsondoc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

func TestPatchApplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ doc, ops, want string }{
		// Nothing to do.
		{`{}`, `[]`, `{}`},
		{`"text"`, ` [ ] `, `"text"`},
		// RFC 6902, appendix A.
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"foo":"bar","baz":"qux"}`},
		{`{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`},
		{`{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`},
		{`{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`},
		{`{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`},
		{`{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"foo":"bar","child":{"grandchild":{}}}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `{"foo":"bar","baz":"qux"}`},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`},
		{`{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`},
		// Whole documents.
		{`{"a":1}`, `[{"op":"test","path":"","value":{"a":1}}]`, `{"a":1}`},
		{`{"a":1}`, `[{"op":"add","path":"","value":[]}]`, `[]`},
		{`[]`, `[{"op":"replace","path":"","value":{}}]`, `{}`},
		{`"a"`, `[{"op":"replace","path":"","value":"b"}]`, `"b"`},
		{`{"a":{"b":1}}`, `[{"op":"copy","from":"","path":"/c"}]`, `{"a":{"b":1},"c":{"a":{"b":1}}}`},
		{`{"a":{"b":1}}`, `[{"op":"move","from":"/a","path":""}]`, `{"b":1}`},
		{`{"a":{"b":1}}`, `[{"op":"copy","from":"/a","path":""}]`, `{"b":1}`},
		{`{"a":1}`, `[{"op":"move","from":"","path":""}]`, `{"a":1}`},
		// Names.
		{`{}`, `[{"op":"add","path":"/","value":1}]`, `{"":1}`},
		{`{"a":{}}`, `[{"op":"add","path":"/a/","value":1}]`, `{"a":{"":1}}`},
		{`{"":{"":1}}`, `[{"op":"test","path":"//","value":1}]`, `{"":{"":1}}`},
		{`{"a/b":1,"m~n":2,"k\"l":3,"i\\j":4," ":5,"\u00E9":6}`, `[{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/m~0n"},{"op":"remove","path":"/k\"l"},{"op":"remove","path":"/i\\j"},{"op":"remove","path":"/ "},{"op":"remove","path":"/é"}]`, `{}`},
		{`{"a":1}`, `[{"op":"add","path":"/0","value":2},{"op":"add","path":"/-","value":3},{"op":"add","path":"/A","value":4}]`, `{"a":1,"0":2,"-":3,"A":4}`},
		{`{"1e0":"x"}`, `[{"op":"test","path":"/1e0","value":"x"}]`, `{"1e0":"x"}`},
		// Nulls are values.
		{`{"a":null}`, `[{"op":"test","path":"/a","value":null},{"op":"move","from":"/a","path":"/b"},{"op":"copy","from":"/b","path":"/c"}]`, `{"b":null,"c":null}`},
		{`{"a":null}`, `[{"op":"replace","path":"/a","value":1}]`, `{"a":1}`},
		{`{"a":1}`, `[{"op":"add","path":"/a","value":null}]`, `{"a":null}`},
		{`[null]`, `[{"op":"replace","path":"/0","value":[null]}]`, `[[null]]`},
		// Arrays.
		{`[]`, `[{"op":"add","path":"/0","value":1},{"op":"add","path":"/1","value":3},{"op":"add","path":"/1","value":2},{"op":"add","path":"/-","value":4}]`, `[1,2,3,4]`},
		{`[1,2,3,4]`, `[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]`, `[1,3]`},
		{`[1]`, `[{"op":"remove","path":"/0"}]`, `[]`},
		{`[1,[2,[3]]]`, `[{"op":"add","path":"/1/1/-","value":{"a":[4]}}]`, `[1,[2,[3,{"a":[4]}]]]`},
		{`{"a":[{"b":1}]}`, `[{"op":"move","from":"/a/0/b","path":"/a/1"}]`, `{"a":[{},1]}`},
		{`{"a":[{"b":1}]}`, `[{"op":"copy","from":"/a/0","path":"/a/0"},{"op":"replace","path":"/a/0/b","value":2}]`, `{"a":[{"b":2},{"b":1}]}`},
		{`[0,1,2]`, `[{"op":"move","from":"/2","path":"/0"}]`, `[2,0,1]`},
		// Order of members.
		{`{"a":1,"b":2}`, `[{"op":"remove","path":"/a"},{"op":"add","path":"/a","value":3}]`, `{"b":2,"a":3}`},
		{`{"a":1}`, `[{"op":"move","from":"/a","path":"/a"}]`, `{"a":1}`},
		// Tests compare by value.
		{`{"a":1}`, `[{"op":"test","path":"/a","value":1.0}]`, `{"a":1}`},
		{`{"a":[{"x":1,"y":[2.0]}]}`, `[{"op":"test","path":"/a","value":[{"y":[2],"x":1.0}]}]`, `{"a":[{"x":1,"y":[2.0]}]}`},
		{`{"a":18446744073709551615}`, `[{"op":"test","path":"/a","value":18446744073709551615}]`, `{"a":18446744073709551615}`},
		// Values are normalised.
		{`{}`, `[{"op":"add","path":"/é","value":{"ü":1E2,"ü":1}}]`, `{"\u00E9":{"\u00FC":1}}`},
	} {
		got, err := jsondoc.Patch([]byte(c.doc), []byte(c.ops), jsondoc.DefaultPatchLimits)
		if err != nil || string(got) != c.want {
			t.Errorf("Patch(%s, %s) = %s, %v; want %s", c.doc, c.ops, got, err, c.want)
		}
	}
}

func TestPatchRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ doc, ops, reason string }{
		{`{}`, `{}`, "must be an array"},
		{`{}`, `[1]`, "must be an object"},
		{`{}`, `[{"path":"/a"}]`, `no operation ""`},
		{`{}`, `[{"op":"spam","path":"/a","value":1}]`, `no operation "spam"`},
		{`{}`, `[{"op":"add","value":1}]`, `"path" is missing`},
		{`{}`, `[{"op":"add","path":1,"value":1}]`, `"path" must be a string`},
		{`{}`, `[{"op":"add","path":"a","value":1}]`, `start with "/"`},
		{`{}`, `[{"op":"add","path":"/~2","value":1}]`, `not followed by 0 or 1`},
		{`{}`, `[{"op":"add","path":"/a~","value":1}]`, `not followed by 0 or 1`},
		{`[1]`, `[{"op":"add","path":"/-"}]`, `"value" is missing`},
		{`[1]`, `[{"op":"replace","path":"/0"}]`, `"value" is missing`},
		{`[null]`, `[{"op":"test","path":"/0"}]`, `"value" is missing`},
		{`[1]`, `[{"op":"copy","path":"/-"}]`, `"from" is missing`},
		{`{"a":1}`, `[{"op":"move","path":""}]`, `"from" is missing`},
		{`{"a":1}`, `[{"op":"move","path":"/b","from":"a"}]`, `"from" must be empty`},
		{`{"foo":"bar"}`, `[{"op":"test","path":"/foo","value":"baz"}]`, "not the one"},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, `no member "baz"`},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, "not the one"},
		{`{"a":true}`, `[{"op":"test","path":"/a","value":1}]`, "not the one"},
		{`{"a":[1,2]}`, `[{"op":"test","path":"/a","value":[1]}]`, "not the one"},
		{`{"nu":[null]}`, `[{"op":"test","path":"/nu","value":[]}]`, "not the one"},
		{`{"a":1}`, `[{"op":"test","path":"/b","value":null}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"remove","path":"/b"}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"replace","path":"/b","value":1}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"replace","path":"/b/c","value":1}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"move","from":"/b","path":"/c"}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"move","from":"/b","path":"/b"}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"copy","from":"/b","path":"/c"}]`, `no member "b"`},
		{`{"a":1}`, `[{"op":"add","path":"/a/b","value":1}]`, "neither an object nor an array"},
		{`{"a":{}}`, `[{"op":"move","from":"/a","path":"/a/b"}]`, "into itself"},
		{`{"a":{}}`, `[{"op":"move","from":"","path":"/a"}]`, "into itself"},
		{`{"a":1}`, `[{"op":"remove","path":""}]`, "whole document"},
		{`[1]`, `[{"op":"add","path":"/2","value":1}]`, "no index 2"},
		{`[1]`, `[{"op":"add","path":"/99999999999999999999","value":1}]`, "no index"},
		{`[1]`, `[{"op":"remove","path":"/1"}]`, "no index 1"},
		{`[1]`, `[{"op":"test","path":"/-","value":1}]`, "does not exist yet"},
		{`[1]`, `[{"op":"remove","path":"/-"}]`, "does not exist yet"},
		{`[1]`, `[{"op":"add","path":"/-/a","value":1}]`, "does not exist yet"},
		{`[1,2]`, `[{"op":"test","path":"/00","value":1}]`, "not an array index"},
		{`[1,2]`, `[{"op":"test","path":"/01","value":2}]`, "not an array index"},
		{`[1,2]`, `[{"op":"test","path":"/1e0","value":2}]`, "not an array index"},
		{`[1,2]`, `[{"op":"add","path":"/+1","value":2}]`, "not an array index"},
		{`[1,2]`, `[{"op":"add","path":"/-1","value":2}]`, "not an array index"},
		{`[1,2]`, `[{"op":"add","path":"/","value":2}]`, "not an array index"},
		{`[1,2]`, `[{"op":"add","path":"/a","value":2}]`, "not an array index"},
	} {
		got, err := jsondoc.Patch([]byte(c.doc), []byte(c.ops), jsondoc.DefaultPatchLimits)
		var refused *jsondoc.PatchError
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, c.reason) {
			t.Errorf("Patch(%s, %s) = %s, %v; want %q", c.doc, c.ops, got, err, c.reason)
		}
	}
}

func TestPatchTellsWhichOperationFailed(t *testing.T) {
	t.Parallel()
	ops := `[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/b"}]`
	_, err := jsondoc.Patch([]byte(`{}`), []byte(ops), jsondoc.PatchLimits{})
	want := jsondoc.PatchError{Index: 1, Op: "remove", Path: "/b", Reason: `there is no member "b"`}
	var got *jsondoc.PatchError
	if !errors.As(err, &got) || *got != want {
		t.Errorf("got %v, want %v", err, &want)
	}
}

func TestPatchRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	_, err := jsondoc.Patch([]byte(`{}`), []byte(`[{"op":]`), jsondoc.PatchLimits{})
	if _, ok := errors.AsType[*jsondoc.SyntaxError](err); !ok {
		t.Errorf("got %v, want a syntax error", err)
	}
}

func TestPatchIsBounded(t *testing.T) {
	t.Parallel()
	repeat := func(n int, op string) string { return "[" + strings.Repeat(op+",", n-1) + op + "]" }
	deep := strings.Repeat("[", 198) + strings.Repeat("]", 198)
	for name, c := range map[string]struct{ doc, ops, reason string }{
		"operations":     {`[]`, repeat(1001, `{"op":"add","path":"/-","value":1}`), "more than 1000 operations"},
		"copies":         {`{"a":["aaaaaaaaaa"]}`, repeat(30, `{"op":"copy","from":"/a","path":"/a/-"}`), "copy more than"},
		"nested copies":  {`{"a":{}}`, repeat(300, `{"op":"copy","from":"","path":"/a"}`), "too deep"},
		"deep value":     {`{"a":{"b":{"c":{"d":{}}}}}`, `[{"op":"add","path":"/a/b/c/d/e","value":` + deep + `}]`, "too deep"},
		"long path":      {`{}`, fmt.Sprintf(`[{"op":"test","path":%q,"value":1}]`, strings.Repeat("/a", 300)), "longer than"},
		"moved together": {`{"a":` + deep + `,"b":{"b":{"b":{}}},"c":{"c":{"c":{}}}}`, `[{"op":"move","from":"/a","path":"/b/b/b/a"},{"op":"move","from":"/b","path":"/c/c/c/b"}]`, "too deep"},
	} {
		_, err := jsondoc.Patch([]byte(c.doc), []byte(c.ops), jsondoc.DefaultPatchLimits)
		if err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: got %v, want %q", name, err, c.reason)
		}
	}
}

func TestMergePatchFollowsTheRFC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ doc, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"a":5}`, `{"a":{"x":1,"y":null}}`, `{"a":{"x":1}}`},
		{`{"a":[1]}`, `{"a":{"x":{"y":null}}}`, `{"a":{"x":{}}}`},
		{``, `{"a":1}`, `{"a":1}`},
		{`{}`, `{"a":[null,{"b":null}]}`, `{"a":[null,{"b":null}]}`},
		{`{"a":1.0}`, ` { "b" : 1E2, "b" : 12345678901234567890 } `, `{"a":1.0,"b":12345678901234567890}`},
	} {
		got, err := jsondoc.MergePatch([]byte(c.doc), []byte(c.patch))
		if err != nil || string(got) != c.want {
			t.Errorf("MergePatch(%s, %s) = %s, %v; want %s", c.doc, c.patch, got, err, c.want)
		}
	}
	if _, err := jsondoc.MergePatch([]byte(`{}`), []byte(`{"a"}`)); err == nil {
		t.Error("a patch that is not JSON was applied")
	}
}
