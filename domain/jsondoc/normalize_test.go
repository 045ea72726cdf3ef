package jsondoc_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

func TestNormalizeGivesTheOneSpelling(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		" { \"a\" : [ 1 , 2 ] ,\t\"b\":null}\r\n": `{"a":[1,2],"b":null}`,
		`[]`: `[]`, ` {} `: `{}`, `""`: `""`, `true`: `true`, `[ ]`: `[]`,
		`"é"`: `"\u00E9"`, `"\u00e9"`: `"\u00E9"`, `"😀"`: `"\uD83D\uDE00"`, `"\ud83d\ude00"`: `"\uD83D\uDE00"`,
		`"\/\u002f\u0022\u005c"`: `"//\"\\"`, `"\u000a\u0008\u0001\u001f"`: `"\n\b\u0001\u001F"`,
		"\"\u007f\"":                                    "\"\u007f\"",
		`"\u0041\b\f\n\r\t"`:                            `"A\b\f\n\r\t"`,
		`{"a":1,"b":2,"a":3}`:                           `{"a":3,"b":2}`,
		`{"\u0061":1,"a":{"x":1,"x":2}}`:                `{"a":{"x":2}}`,
		`{"b":[{"c":1,"c":2}],"d":1,"d":2,"b":4,"d":3}`: `{"b":4,"d":3}`,
		`-0`: `0`, `0`: `0`, `-1`: `-1`, `-0.0`: `0.0`, `-0e5`: `0.0`, `1.0`: `1.0`, `1E2`: `100.0`, `1e-5`: `1e-05`,
		`0.0001`: `0.0001`, `1e15`: `1000000000000000.0`, `1e16`: `1e+16`, `1e22`: `1e+22`, `0.1000`: `0.1`,
		`18446744073709551615`: `18446744073709551615`, `18446744073709551616`: `1.8446744073709552e+19`,
		`-9223372036854775808`: `-9223372036854775808`, `-9223372036854775809`: `-9.223372036854776e+18`,
		`1e-400`: `0.0`, `1.7976931348623157e308`: `1.7976931348623157e+308`, `5e-324`: `5e-324`,
	} {
		got, err := jsondoc.Normalize([]byte(src), jsondoc.DefaultLimits)
		if err != nil || string(got) != want {
			t.Errorf("Normalize(%s) = %s, %v; want %s", src, got, err, want)
		}
	}
}

func TestNormalizeDropsDuplicatesOfLargeObjects(t *testing.T) {
	t.Parallel()
	var src, want strings.Builder
	src.WriteString("{")
	for i := range 40 {
		src.WriteString(`"n` + strings.Repeat("x", i) + `":1,`)
		if want.WriteString(`,"n` + strings.Repeat("x", i) + `":`); i == 7 {
			want.WriteString("2")
		} else {
			want.WriteString("1")
		}
	}
	src.WriteString(`"nxxxxxxx":2}`)
	got, err := jsondoc.Normalize([]byte(src.String()), jsondoc.DefaultLimits)
	if want := "{" + want.String()[1:] + "}"; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 5) + strings.Repeat("]", 5)
	for _, c := range []struct {
		src    string
		fault  jsondoc.Fault
		offset int
	}{
		{``, jsondoc.Malformed, 0},
		{`  `, jsondoc.Malformed, 2},
		{`{`, jsondoc.Malformed, 1},
		{`{"a"`, jsondoc.Malformed, 4},
		{`{"a":`, jsondoc.Malformed, 5},
		{`{"a":1`, jsondoc.Malformed, 6},
		{`{"a":1,}`, jsondoc.Malformed, 7},
		{`{a:1}`, jsondoc.Malformed, 1},
		{`{1:1}`, jsondoc.Malformed, 1},
		{`[1,]`, jsondoc.Malformed, 3},
		{`[1 2]`, jsondoc.Malformed, 3},
		{`[1}`, jsondoc.Malformed, 2},
		{`NaN`, jsondoc.Malformed, 0},
		{`-Infinity`, jsondoc.Malformed, 1},
		{`nul`, jsondoc.Malformed, 0},
		{`/**/1`, jsondoc.Malformed, 0},
		{`'a'`, jsondoc.Malformed, 0},
		{`01`, jsondoc.Malformed, 2},
		{`1.`, jsondoc.Malformed, 2},
		{`1e`, jsondoc.Malformed, 2},
		{`1e+`, jsondoc.Malformed, 3},
		{`.5`, jsondoc.Malformed, 0},
		{`+5`, jsondoc.Malformed, 0},
		{`"a`, jsondoc.Malformed, 2},
		{`"\x"`, jsondoc.Malformed, 1},
		{`"\u12"`, jsondoc.Malformed, 1},
		{`"\`, jsondoc.Malformed, 1},
		{"\"\n\"", jsondoc.Malformed, 1},
		{`1 2`, jsondoc.TrailingData, 2},
		{`{}}`, jsondoc.TrailingData, 2},
		{"\"\xff\"", jsondoc.InvalidText, 1},
		{"\"\xed\xa0\x80\"", jsondoc.InvalidText, 1},
		{`"\ud800"`, jsondoc.InvalidText, 1},
		{`"\ud800\u0041"`, jsondoc.InvalidText, 1},
		{`"\udc00\ud800"`, jsondoc.InvalidText, 1},
		{`{"\ud800":1}`, jsondoc.InvalidText, 2},
		{`"ab\u0000"`, jsondoc.NulCharacter, 3},
		{`{"\u0000":1}`, jsondoc.NulCharacter, 2},
		{"\"\x00\"", jsondoc.NulCharacter, 1},
		{`[1e309]`, jsondoc.NumberOutOfRange, 1},
		{`-1e200000`, jsondoc.NumberOutOfRange, 0},
		{"1" + strings.Repeat("0", 400), jsondoc.NumberOutOfRange, 0},
		{deep, jsondoc.TooDeep, 4},
		{`"` + strings.Repeat("x", 2000) + `"`, jsondoc.TooLarge, 1000},
	} {
		got, err := jsondoc.Normalize([]byte(c.src), jsondoc.Limits{Bytes: 1000, Depth: 4})
		var fault *jsondoc.SyntaxError
		if !errors.As(err, &fault) || fault.Fault != c.fault || fault.Offset != c.offset || fault.Reason == "" {
			t.Errorf("Normalize(%.40q) = %s, %v; want fault %d at %d", c.src, got, err, c.fault, c.offset)
		}
	}
}
