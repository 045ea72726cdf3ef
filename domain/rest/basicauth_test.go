package rest_test

import (
	"encoding/base64"
	"testing"
	"unicode/utf8"

	"github.com/kintolog/kintolog/domain/rest"
)

func encode(credentials string) string { return base64.StdEncoding.EncodeToString([]byte(credentials)) }

func TestParseBasic(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]rest.Basic{
		"Basic " + encode("mat:secret"):    {User: "mat", Password: "secret"},
		"bASIC " + encode("mat:"):          {User: "mat"},
		"Basic " + encode("mat:a:b"):       {User: "mat", Password: "a:b"},
		"Basic " + encode("é:ü"):           {User: "é", Password: "ü"},
		"Basic " + encode("\xe9:\xfc"):     {User: "é", Password: "ü"},
		"Basic   " + encode("mat:x") + " ": {User: "mat", Password: "x"},
	} {
		if got, ok := rest.ParseBasic(header); !ok || got != want {
			t.Errorf("%s: got %+v, %t, want %+v", header, got, ok, want)
		}
	}
	for _, header := range []string{"", "undefined", "Basic", "Basic ", "Basic ***", "Basic " + encode("mat"), "Basic " + encode(":secret"), "Bearer " + encode("mat:secret"), encode("mat:secret")} {
		if got, ok := rest.ParseBasic(header); ok {
			t.Errorf("%s: got %+v, want anonymous", header, got)
		}
	}
}

func TestUserIDIsThatOfTheProtocol(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"some-secret": "1acf66711624a550fce894b050abb3e9270a7c3fdd5e99bb8e5b9f8c8143c813",
		"":            "8a931a10fc88ab2f6d1cc02a07d3a81b5d4768f6f13e85c5d8d4180419acb1b4",
	} {
		if got := (rest.Basic{User: "mat", Password: "secret"}).UserID(secret); got != want {
			t.Errorf("%q: got %s, want %s", secret, got, want)
		}
	}
}

func FuzzParseBasic(f *testing.F) {
	f.Add("Basic " + encode("mat:secret"))
	f.Add("undefined")
	f.Fuzz(func(t *testing.T, text string) {
		for _, header := range []string{text, "Basic " + encode(text)} {
			got, ok := rest.ParseBasic(header)
			if ok && (got.User == "" || !utf8.ValidString(got.User+got.Password)) {
				t.Errorf("%q: got %+v", header, got)
			}
		}
	})
}
