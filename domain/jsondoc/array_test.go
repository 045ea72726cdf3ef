package jsondoc_test

import (
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

func TestArrayHoldsTheValues(t *testing.T) {
	t.Parallel()
	for want, values := range map[string][][]byte{
		`[]`:              nil,
		`[1]`:             {[]byte("1")},
		`[null,"a",[{}]]`: {[]byte("null"), []byte(`"a"`), []byte("[{}]")},
	} {
		if got := jsondoc.Array(values); string(got) != want {
			t.Errorf("Array(%s) = %s; want %s", values, got, want)
		}
	}
}

func TestAppendTextsQuotesEach(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][]string{
		`x[]`:               nil,
		`x[""]`:             {""},
		`x["a","\u00E9\""]`: {"a", `é"`},
	} {
		if got := jsondoc.AppendTexts([]byte("x"), texts); string(got) != want {
			t.Errorf("AppendTexts(%q) = %s; want %s", texts, got, want)
		}
	}
}
