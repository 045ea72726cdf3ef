package jsondoc_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// The properties hold against a model: values decoded by encoding/json, with a *big.Rat
// for each number and its exact decimal value.

func TestNormalizeKeepsTheMeaning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		src := drawJSON(t, 3)
		got := normalize(t, src)
		if a, b := decode(t, got), decode(t, []byte(roundNumbers(t, src))); !reflect.DeepEqual(a, b) {
			t.Fatalf("%s became %s: %v, want %v", src, got, a, b)
		}
		if again := normalize(t, string(got)); !bytes.Equal(again, got) {
			t.Fatalf("%s became %s, and that %s", src, got, again)
		}
		for _, c := range got {
			if c < 0x20 || c > 0x7F {
				t.Fatalf("%s is not printable ASCII", got)
			}
		}
	})
}

func TestCompareAgreesWithKeysAndModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDoc(t, 2), drawDoc(t, 2)
		want := compareModels(decode(t, a), decode(t, b))
		if got := jsondoc.Compare(a, b); got != want {
			t.Fatalf("Compare(%s, %s) = %d; want %d", a, b, got, want)
		}
		if got := bytes.Compare(jsondoc.AppendKey(nil, a), jsondoc.AppendKey(nil, b)); got != want {
			t.Fatalf("keys of %s and %s compare as %d; want %d", a, b, got, want)
		}
		if got := jsondoc.Equal(a, b); got != (want == 0) {
			t.Fatalf("Equal(%s, %s) = %v", a, b, got)
		}
	})
}

func TestNumbersCompareExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := normalize(t, drawNumber(t)), normalize(t, drawNumber(t))
		want := compareModels(decode(t, a), decode(t, b))
		if got := jsondoc.Compare(a, b); got != want {
			t.Fatalf("Compare(%s, %s) = %d; want %d", a, b, got, want)
		}
	})
}

func TestNoKeyIsTheStartOfAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := jsondoc.AppendKey(nil, drawDoc(t, 2)), jsondoc.AppendKey(nil, drawDoc(t, 2))
		if !bytes.Equal(a, b) && bytes.HasPrefix(b, a) {
			t.Fatalf("%x is the start of %x", a, b)
		}
	})
}

func TestWithWithoutAndLookupAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc := normalize(t, drawObject(t, 2))
		model := decode(t, doc).(map[string]any)
		var fields []jsondoc.Field
		for range rapid.IntRange(0, 40).Draw(t, "fields") {
			f := jsondoc.Field{Name: drawName(t), Value: drawDoc(t, 1)}
			if rapid.Bool().Draw(t, "remove") {
				f.Value = nil
				delete(model, f.Name)
			} else {
				model[f.Name] = decode(t, f.Value)
			}
			fields = append(fields, f)
		}
		got := jsondoc.With(doc, fields...)
		if !reflect.DeepEqual(decode(t, got), any(model)) || !bytes.Equal(normalize(t, string(got)), got) {
			t.Fatalf("With(%s, %s) = %s", doc, fields, got)
		}
		checkMembers(t, got, model)
	})
}

// checkMembers compares Lookup, Members and Without with the model.
func checkMembers(t *rapid.T, doc []byte, model map[string]any) {
	var names []string
	for name, value := range jsondoc.Members(doc) {
		names = append(names, name)
		found, ok := jsondoc.Lookup(doc, name)
		if !ok || !bytes.Equal(found, value) || !reflect.DeepEqual(decode(t, found), model[name]) {
			t.Fatalf("Lookup(%s, %q) = %s", doc, name, found)
		}
		if _, ok := jsondoc.Lookup(jsondoc.Without(doc, name), name); ok {
			t.Fatalf("Without(%s, %q) still has it", doc, name)
		}
	}
	if len(names) != len(model) {
		t.Fatalf("Members(%s) yields %q", doc, names)
	}
	if got := jsondoc.Without(doc, names...); string(got) != "{}" {
		t.Fatalf("without any member %s is %s", doc, got)
	}
}

func TestMergePatchFollowsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc, patch := drawDoc(t, 3), drawJSON(t, 3)
		got, err := jsondoc.MergePatch(doc, []byte(patch))
		if err != nil || !bytes.Equal(normalize(t, string(got)), got) {
			t.Fatalf("MergePatch(%s, %s) = %s, %v", doc, patch, got, err)
		}
		want := mergeModel(decode(t, doc), decode(t, normalize(t, patch)))
		if !reflect.DeepEqual(decode(t, got), want) {
			t.Fatalf("MergePatch(%s, %s) = %s; want %v", doc, patch, got, want)
		}
	})
}

// mergeModel is the pseudo code of RFC 7396.
func mergeModel(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result, ok := target.(map[string]any)
	if !ok {
		result = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(result, name)
			continue
		}
		result[name] = mergeModel(result[name], value)
	}
	return result
}

func TestPatchReachesEveryValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc, value := normalize(t, drawObject(t, 3)), drawDoc(t, 1)
		name := drawName(t)
		path := string(jsondoc.Quote("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)))
		ops := `[{"op":"add","path":` + path + `,"value":` + string(value) + `},{"op":"test","path":` + path + `,"value":` + string(value) + `}]`
		got, err := jsondoc.Patch(doc, []byte(ops), jsondoc.DefaultPatchLimits)
		want := jsondoc.With(doc, jsondoc.Field{Name: name, Value: value})
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Patch(%s, %s) = %s, %v; want %s", doc, ops, got, err, want)
		}
	})
}

// compareModels is the total order of protocol 3.6, the way PostgreSQL walks
// containers.
func compareModels(a, b any) int {
	if c := cmp.Compare(modelRank(a), modelRank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	case []any:
		return compareLists(a, b.([]any))
	case map[string]any:
		return compareLists(flatten(a), flatten(b.(map[string]any)))
	default:
		return 0
	}
}

func modelRank(value any) int {
	switch value := value.(type) {
	case nil:
		return 0
	case string:
		return 1
	case *big.Rat:
		return 2
	case bool:
		if value {
			return 4
		}
		return 3
	case []any:
		return 5
	default:
		return 6
	}
}

func compareLists(a, b []any) int {
	if len(a) != len(b) {
		return cmp.Compare(len(a), len(b))
	}
	for i := range a {
		if c := compareModels(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// flatten lists name, value, name, value, ... with short names first.
func flatten(object map[string]any) (list []any) {
	var names []string
	for name := range object {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	for _, name := range names {
		list = append(list, name, object[name])
	}
	return list
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func normalize(t fataler, src string) []byte {
	t.Helper()
	doc, err := jsondoc.Normalize([]byte(src), jsondoc.DefaultLimits)
	if err != nil {
		t.Fatalf("Normalize(%s): %v", src, err)
	}
	return doc
}

func decode(t fataler, doc []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decode %s: %v", doc, err)
	}
	return model(value)
}

// model replaces numbers by their exact values.
func model(value any) any {
	switch value := value.(type) {
	case json.Number:
		rat, _ := new(big.Rat).SetString(value.String())
		return rat
	case []any:
		for i := range value {
			value[i] = model(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = model(value[name])
		}
	}
	return value
}

// roundNumbers encodes a document again with floats rounded, as is due to them.
func roundNumbers(t fataler, src string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(src))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decode %s: %v", src, err)
	}
	result, err := json.Marshal(rounded(value))
	if err != nil {
		t.Fatalf("encode %s: %v", src, err)
	}
	return string(result)
}

func rounded(value any) any {
	switch value := value.(type) {
	case json.Number:
		_, signed := strconv.ParseInt(value.String(), 10, 64)
		_, unsigned := strconv.ParseUint(value.String(), 10, 64)
		if signed == nil || unsigned == nil {
			return value
		}
		f, _ := value.Float64()
		return json.Number(strconv.FormatFloat(f, 'e', -1, 64))
	case []any:
		for i := range value {
			value[i] = rounded(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = rounded(value[name])
		}
	}
	return value
}

func drawDoc(t *rapid.T, depth int) []byte { return normalize(t, drawJSON(t, depth)) }

// drawJSON draws the text of a value that is hardly ever normalised.
func drawJSON(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", " ", "\t\r\n"}).Draw(t, "space")
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "literal") + space
	case 1:
		return space + drawNumber(t)
	case 2, 3:
		return spell(t, drawName(t)) + space
	case 4:
		var elements []string
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			elements = append(elements, drawJSON(t, depth-1))
		}
		return space + "[" + strings.Join(elements, ",") + "]"
	default:
		return drawObject(t, depth)
	}
}

func drawObject(t *rapid.T, depth int) string {
	var members []string
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		members = append(members, spell(t, drawName(t))+":"+drawJSON(t, depth-1))
	}
	return "{" + strings.Join(members, " , ") + "}"
}

// drawName draws a text, often one of few, so that names meet.
func drawName(t *rapid.T) string {
	if rapid.Bool().Draw(t, "common") {
		return rapid.SampledFrom([]string{"", "a", "b", "aa", "é", "~1/", `"`, `\`}).Draw(t, "name")
	}
	text := rapid.StringN(0, 6, -1).Draw(t, "text")
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}

// spell quotes a text, with escapes or without as it comes.
func spell(t *rapid.T, text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		if r >= 0x20 && r != '"' && r != '\\' && rapid.Bool().Draw(t, "plain") {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			b.WriteString(`\u` + strconv.FormatInt(0x10000+int64(unit), 16)[1:])
		}
	}
	b.WriteByte('"')
	return b.String()
}

func drawNumber(t *rapid.T) string {
	switch rapid.IntRange(0, 5).Draw(t, "number") {
	case 0:
		return strconv.FormatInt(rapid.Int64().Draw(t, "int64"), 10)
	case 1:
		return strconv.FormatUint(rapid.Uint64().Draw(t, "uint64"), 10)
	case 2:
		return strconv.FormatFloat(rapid.Float64().Draw(t, "float"), 'g', -1, 64)
	case 3: // around the powers of two, where floats and integers part
		edge := new(big.Int).Lsh(big.NewInt(1), uint(rapid.IntRange(50, 66).Draw(t, "power")))
		edge.Add(edge, big.NewInt(rapid.Int64Range(-3000, 3000).Draw(t, "offset")))
		return rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign") + edge.String() + rapid.SampledFrom([]string{"", ".0", "e0"}).Draw(t, "form")
	case 4:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "literal")
	default:
		return strconv.Itoa(rapid.IntRange(-3, 3).Draw(t, "small"))
	}
}
