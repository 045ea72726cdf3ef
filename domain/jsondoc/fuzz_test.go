package jsondoc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

var seeds = []string{
	``, `{}`, `[null]`, `{"a":[1,2.5,"\u00E9",true],"b":{"c":null}}`, `"\ud83d\ude00"`, `1e400`, `-0`, `[[[[`, `{"a":1,"a":2}`,
	`18446744073709551616`, "\"\xff\"", `{"":{"":[]}}`, `"\`, `{"a`, `{"a":`,
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := jsondoc.Normalize(src, jsondoc.DefaultLimits)
		if err != nil {
			var syntax *jsondoc.SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(src) {
				t.Fatalf("%q: %v", src, err)
			}
			if syntax.Fault == jsondoc.Malformed && json.Valid(src) {
				t.Fatalf("%q is JSON, but: %v", src, err)
			}
			return
		}
		if !json.Valid(src) || !json.Valid(got) {
			t.Fatalf("%q is not JSON, but became %s", src, got)
		}
		if again := normalize(t, string(got)); !bytes.Equal(again, got) {
			t.Fatalf("%q became %s, and that %s", src, got, again)
		}
	})
}

func FuzzPatch(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), []byte(`[{"op":"add","path":"/a/0","value":1},{"op":"copy","from":"/a","path":"/b/c"}]`))
		f.Add([]byte(seed), []byte(`[{"op":"move","from":"/a/0","path":"/-"},{"op":"test","path":"","value":[null]},{"op":"remove","path":"/0"}]`))
	}
	f.Fuzz(func(t *testing.T, src, ops []byte) {
		doc, err := jsondoc.Normalize(src, jsondoc.DefaultLimits)
		if err != nil {
			return
		}
		before := bytes.Clone(doc)
		got, err := jsondoc.Patch(doc, ops, jsondoc.PatchLimits{})
		if !bytes.Equal(doc, before) {
			t.Fatalf("the document was changed from %s to %s", before, doc)
		}
		if err == nil && !bytes.Equal(normalize(t, string(got)), got) {
			t.Fatalf("%s with %s became %s, which is not normalised", doc, ops, got)
		}
	})
}

func FuzzMergePatch(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), []byte(`{"a":null,"b":{"c":{"d":null}}}`))
	}
	f.Fuzz(func(t *testing.T, src, patch []byte) {
		doc, err := jsondoc.Normalize(src, jsondoc.DefaultLimits)
		if err != nil {
			return
		}
		got, err := jsondoc.MergePatch(doc, patch)
		if err == nil && !bytes.Equal(normalize(t, string(got)), got) {
			t.Fatalf("%s with %s became %s, which is not normalised", doc, patch, got)
		}
	})
}

// FuzzAppendKey compares the order of keys of normalised values, and shows that any
// bytes do no harm.
func FuzzAppendKey(f *testing.F) {
	for _, a := range seeds {
		f.Add([]byte(a), []byte(`{"b":{"c":null},"a":[1,2.5]}`))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		harmless(a, b)
		left, leftErr := jsondoc.Normalize(a, jsondoc.DefaultLimits)
		right, rightErr := jsondoc.Normalize(b, jsondoc.DefaultLimits)
		if leftErr != nil || rightErr != nil {
			return
		}
		want := compareModels(decode(t, left), decode(t, right))
		if got := bytes.Compare(jsondoc.AppendKey(nil, left), jsondoc.AppendKey(nil, right)); got != want {
			t.Fatalf("keys of %s and %s compare as %d, want %d", left, right, got, want)
		}
	})
}

func harmless(a, b []byte) {
	jsondoc.Compare(a, b)
	jsondoc.Lookup(a, "a", "b")
	jsondoc.Contains(a, b)
	jsondoc.ContainsAny(a, b)
	jsondoc.Merge(a, b)
	jsondoc.Without(a, "a")
	jsondoc.NewProjection([][]string{{"a", "b"}}).Append(nil, a)
	jsondoc.PythonRepr(a)
	jsondoc.Text(a)
	jsondoc.Int(a)
	_, _ = jsondoc.Patch(a, []byte(`[{"op":"remove","path":"/0"},{"op":"add","path":"/a","value":1}]`), jsondoc.PatchLimits{})
}
