package jsondoc_test

import (
	"bytes"
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// ascending holds groups of equal values, from the least to the greatest.
var ascending = [][]string{
	{`null`},
	{`""`},
	{`"A"`},
	{`"B"`},
	{`"Ba"`},
	{`"a"`},
	{`"\u00E9"`},
	{`"\uFFFD"`},
	{`"\uD83D\uDE00"`},
	{`-1e+300`},
	{`-1.8446744073709552e+19`},
	{`-9223372036854775808`},
	{`-9223372036854775807`},
	{`-1`, `-1.0`},
	{`-0.5`},
	{`0`, `0.0`},
	{`5e-324`},
	{`0.1`},
	{`1`, `1.0`},
	{`2.5`},
	{`3`},
	{`9007199254740992`, `9007199254740992.0`},
	{`9007199254740993`},
	{`9007199254740994`, `9007199254740994.0`},
	{`1152921504606846976`},
	{`1152921504606847000`, `1.152921504606847e+18`},
	{`1152921504606847001`},
	{`12345678901234567890`},
	{`12345678901234567891`},
	{`18446744073709551614`},
	{`18446744073709551615`},
	{`1.8446744073709552e+19`},
	{`1e+22`},
	{`false`},
	{`true`},
	{`[]`},
	{`[null]`},
	{`["b"]`},
	{`[1]`, `[1.0]`},
	{`[true]`},
	{`[[]]`},
	{`[{}]`},
	{`[null,null]`},
	{`[null,"a"]`},
	{`{}`},
	{`{"aa":1}`},
	{`{"b":0}`},
	{`{"b":1}`, `{"b":1.0}`},
	{`{"c":null}`},
	{`{"b":1,"aa":1}`, `{"aa":1,"b":1}`},
	{`{"b":1,"c":0}`, `{"c":0,"b":1}`},
	{`{"a":1,"b":1,"c":1}`},
	{``},
}

func TestCompareIsTheTotalOrder(t *testing.T) {
	t.Parallel()
	for i, left := range ascending {
		for j, right := range ascending {
			for _, a := range left {
				for _, b := range right {
					checkOrder(t, a, b, sign(i-j))
				}
			}
		}
	}
}

func checkOrder(t *testing.T, a, b string, want int) {
	t.Helper()
	if got := jsondoc.Compare([]byte(a), []byte(b)); got != want {
		t.Errorf("Compare(%s, %s) = %d; want %d", a, b, got, want)
	}
	if got := bytes.Compare(jsondoc.AppendKey(nil, []byte(a)), jsondoc.AppendKey(nil, []byte(b))); got != want {
		t.Errorf("keys of %s and %s compare as %d; want %d", a, b, got, want)
	}
	if got := jsondoc.Equal([]byte(a), []byte(b)); got != (want == 0) {
		t.Errorf("Equal(%s, %s) = %v", a, b, got)
	}
}

func sign(n int) int { return min(1, max(-1, n)) }
