package jsondoc_test

import (
	"strconv"
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

func TestContainsHoldsEveryElement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		doc, part string
		want      bool
	}{
		{`[1,"a",null]`, `["a",1.0]`, true},
		{`[1]`, `[]`, true},
		{`[]`, `[null]`, false},
		{`[1]`, `[1,1,1]`, true},
		{`[1]`, `["1"]`, false},
		{`[true]`, `[1]`, false},
		{`[[1,2,3],[4]]`, `[[3,1]]`, true},
		{`[[1],[2]]`, `[[1,2]]`, false},
		{`[1,2]`, `[[1]]`, false},
		{`[{"a":1,"b":{"c":[1,2]}}]`, `[{"b":{"c":[2]}}]`, true},
		{`[{"a":1}]`, `[{"a":1,"b":2}]`, false},
		{`[{"a":1}]`, `[{}]`, true},
		{`[{"\u00E9":"\u00E9"}]`, `[{"\u00E9":"\u00E9"}]`, true},
		{`[{"a":[1]}]`, `[{"a":1}]`, false},
		{`{"a":1}`, `[]`, false},
		{`"a"`, `["a"]`, false},
		{``, `["a"]`, false},
		{`[1]`, `1`, false},
		{`[1.0,18446744073709551615,"\u00E9",[true],{"a":null}]`, `[{"a":null},1,"\u00E9",[true],18446744073709551615]`, true},
		{`[1.0,18446744073709551615]`, `[18446744073709551614]`, false},
		{`["\n"]`, `["\n","n"]`, false},
	} {
		if got := jsondoc.Contains([]byte(c.doc), []byte(c.part)); got != c.want {
			t.Errorf("Contains(%s, %s) = %v", c.doc, c.part, got)
		}
	}
}

func TestContainsAnyFindsOneScalar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		doc, parts string
		want       bool
	}{
		{`[1,"a"]`, `["b","a"]`, true},
		{`[1,"a"]`, `["b",1.0]`, true},
		{`[null]`, `[null]`, true},
		{`[[1]]`, `[[1]]`, false},
		{`[[1]]`, `[1]`, false},
		{`[1]`, `[]`, false},
		{`{"a":1}`, `["a"]`, false},
		{``, `[1]`, false},
	} {
		if got := jsondoc.ContainsAny([]byte(c.doc), []byte(c.parts)); got != c.want {
			t.Errorf("ContainsAny(%s, %s) = %v", c.doc, c.parts, got)
		}
	}
}

func TestMatchLikeKnowsStars(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, pattern string
		want          bool
	}{
		{"Hello", "ELL", true},
		{"Hello", "hel*", true},
		{"Hello", "ell*", false},
		{"Hello", "*LO", true},
		{"Hello", "*ell", false},
		{"Hello", "h*l*o", true},
		{"Hello", "h*x*o", false},
		{"Hello", "", true},
		{"", "", true},
		{"", "*", true},
		{"aba", "ab*ba", false},
		{"abba", "ab*ba", true},
		{"abcabc", "*bc*bc*", true},
		{"abc", "a**c", true},
		{"100%", "0%", true},
		{"100", "%", false},
		{"a_b", "_", true},
		{"ab", "_", false},
		{"ÉCOLE", "éc*", true},
		{`a\b`, `\`, true},
	} {
		if got := jsondoc.MatchLike(c.text, c.pattern); got != c.want {
			t.Errorf("MatchLike(%q, %q) = %v", c.text, c.pattern, got)
		}
	}
}

func TestFilterValueIsJSONOrText(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`42`: `42`, `"42"`: `"42"`, `true`: `true`, `null`: `null`, `["a"]`: `["a"]`, ` {"a": 1}`: `{"a":1}`,
		`bob`: `"bob"`, ``: `""`, `1.0`: `1.0`, `1e2`: `100.0`, `1e999`: `"1e999"`, `01`: `"01"`, `NaN`: `"NaN"`,
		`é"`: `"\u00E9\""`, "\xff": `"\uFFFD"`, "a\x00": `"a\uFFFD"`, `"\u0000"`: `"\"\\u0000\""`,
	} {
		if got := jsondoc.FilterValue(raw); string(got) != want {
			t.Errorf("FilterValue(%q) = %s; want %s", raw, got, want)
		}
	}
}

func TestTextIsWhatLikeSees(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"a\u00E9\n"`: "aé\n", `1.0`: `1.0`, `false`: `false`, `[1,"a"]`: `[1, "a"]`, `null`: `null`, ``: ``,
		`[]`: `[]`, `{"bb":{},"\u00E9":[[]],"a":null}`: `{"a": null, "bb": {}, "é": [[]]}`,
		`["\u00E9\uD83D\uDE00\"\\\n\u001F/",", "]`: `["é😀\"\\\n\u001F/", ", "]`,
		`1.5e-07`: `0.00000015`, `[-1e+20]`: `[-100000000000000000000]`,
	} {
		if got := jsondoc.Text([]byte(value)); got != want {
			t.Errorf("Text(%s) = %q; want %q", value, got, want)
		}
	}
}

func TestScalarsAreRead(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{`5`: 5, `-9223372036854775808`: -9223372036854775808, `0`: 0} {
		if got, ok := jsondoc.Int([]byte(value)); !ok || got != want {
			t.Errorf("Int(%s) = %d, %v", value, got, ok)
		}
	}
	for _, value := range []string{`1.0`, `true`, `"1"`, `null`, ``, `9223372036854775808`, `[1]`} {
		if got, ok := jsondoc.Int([]byte(value)); ok {
			t.Errorf("Int(%s) = %d; want none", value, got)
		}
	}
	if got, ok := jsondoc.String([]byte(`"\uD83D\uDE00\\"`)); !ok || got != "😀\\" {
		t.Errorf("String = %q, %v", got, ok)
	}
	if truth, ok := jsondoc.Bool([]byte(`true`)); !truth || !ok {
		t.Error("true is not read")
	}
	if truth, ok := jsondoc.Bool([]byte(`false`)); truth || !ok {
		t.Error("false is not read")
	}
	if _, ok := jsondoc.Bool([]byte(`0`)); ok {
		t.Error("0 is read as a boolean")
	}
}

func TestPythonReprLooksLikePython(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`null`: `None`, ``: `None`, `true`: `True`, `false`: `False`, `1`: `1`, `1.0`: `1.0`, `1e+22`: `1e+22`,
		`"text"`: `'text'`, `"it's"`: `"it's"`, `"it's \"x\""`: `'it\'s "x"'`, `"\"x\""`: `'"x"'`,
		`"a\\b\n\t\r"`: `'a\\b\n\t\r'`, `"\u00E9\u0001\u00A0\u2028"`: `'é\x01\xa0\u2028'`, `"\uD83D\uDE00"`: `'😀'`,
		`"\uDBFF\uDFFF"`: `'\U0010ffff'`, `[]`: `[]`, `{}`: `{}`,
		`{"a":1,"b":["a",null]}`: `{'a': 1, 'b': ['a', None]}`,
	} {
		if got := jsondoc.PythonRepr([]byte(value)); got != want {
			t.Errorf("PythonRepr(%s) = %s; want %s", value, got, want)
		}
	}
	if got, want := jsondoc.Shown([]byte(`"abc"`)), "abc"; got != want {
		t.Errorf("Shown = %s; want %s", got, want)
	}
	if got, want := jsondoc.Shown([]byte(`["1"]`)), "['1']"; got != want {
		t.Errorf("Shown = %s; want %s", got, want)
	}
}

// Many values are looked for together: comparing each with each would take minutes.
func TestManyScalarsAreLookedForTogether(t *testing.T) {
	t.Parallel()
	doc, parts := []byte("["), []byte("[")
	for i := range 100_000 {
		doc = append(strconv.AppendInt(doc, int64(i), 10), ',')
		parts = append(strconv.AppendInt(parts, int64(-i), 10), ',')
	}
	doc[len(doc)-1], parts[len(parts)-1] = ']', ']'
	parts[1] = '1' // 0 becomes 1
	for _, c := range []struct {
		doc, parts    []byte
		all, anything bool
	}{{doc, doc, true, true}, {doc, parts, false, true}, {parts, doc, false, true}, {doc, []byte("[-1]"), false, false}} {
		if all := jsondoc.Contains(c.doc, c.parts); all != c.all {
			t.Errorf("Contains is %v", all)
		}
		if anything := jsondoc.ContainsAny(c.doc, c.parts); anything != c.anything {
			t.Errorf("ContainsAny is %v", anything)
		}
	}
}
