package eventstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

func TestSubjectMirrorsThePath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		plural domain.Plural
		secret bool
		want   string
	}{
		{"", false, "kintolog"},
		{"", true, "kintolog-secret"},
		{"/buckets", false, "kintolog.buckets"},
		{"/buckets/blog/collections/articles/records", false, "kintolog.buckets.blog.collections.articles.records"},
		{"/accounts", true, "kintolog-secret.accounts"},
		{"/a/Zz09-_~/b", false, "kintolog.a.Zz09-_~.b"},
		{"/a.b/*/>/$x/%41/ \n", false, "kintolog.a%2Eb.%2A.%3E.%24x.%2541.%20%0A"},
		{"/ü", false, "kintolog.%C3%BC"},
		{"/", false, "kintolog.%"},
		{"//a//", false, "kintolog.%.a.%.%"},
	} {
		got, err := eventstore.DefaultSpace.Subject(test.plural, test.secret)
		if err != nil || got != test.want {
			t.Errorf("Subject(%q, %v) = %q, %v, want %q", test.plural, test.secret, got, err, test.want)
		}
	}
}

func TestSubjectIsValidAndReadBack(t *testing.T) {
	t.Parallel()
	segment := rapid.OneOf(rapid.StringMatching(`[a-z0-9]{1,8}`), rapid.String(), rapid.StringMatching(`[.*>$% /\\-]{0,4}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		var plural domain.Plural
		for _, s := range rapid.SliceOfN(segment, 0, 6).Draw(t, "segments") {
			plural += domain.Plural("/" + s)
		}
		secret := rapid.Bool().Draw(t, "secret")
		subject, err := eventstore.DefaultSpace.Subject(plural, secret)
		if err != nil {
			t.Fatal(err)
		}
		if !server.IsValidPublishSubject(subject) {
			t.Fatalf("%q is no subject", subject)
		}
		back, wasSecret, err := eventstore.DefaultSpace.Parse(subject)
		if err != nil || back != plural || wasSecret != secret {
			t.Fatalf("Parse(%q) = %q, %v, %v, want %q, %v", subject, back, wasSecret, err, plural, secret)
		}
	})
}

// What can be parsed is exactly what Subject makes.
func TestParseIsTheInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		subject := "kintolog" + rapid.StringMatching(`([.][a-c%.24EF~ü]{0,6}){0,3}`).Draw(t, "tokens")
		plural, secret, err := eventstore.DefaultSpace.Parse(subject)
		if err != nil {
			t.Skip()
		}
		if again, err := eventstore.DefaultSpace.Subject(plural, secret); err != nil || again != subject {
			t.Fatalf("Parse(%q) = %q, whose subject is %q, %v", subject, plural, again, err)
		}
	})
}

func TestParseRefusesOtherSubjects(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{
		"", "other", "kintolog2.a", "kintolog-secrets", "kintolog.", "kintolog..a", "kintolog.a.", "kintolog.a%",
		"kintolog.%4", "kintolog.%2e", "kintolog.%41", "kintolog.%2F", "kintolog.a b", "kintolog.*", "kintolog.%%",
	} {
		if plural, _, err := eventstore.DefaultSpace.Parse(subject); err == nil {
			t.Errorf("Parse(%q) = %q, want an error", subject, plural)
		}
	}
}

func TestSubjectRefusesIdsBeyondItsLength(t *testing.T) {
	t.Parallel()
	if _, err := eventstore.DefaultSpace.Subject(domain.Plural("/"+strings.Repeat(".", 700)), false); !errors.Is(err, eventstore.ErrTooLarge) {
		t.Errorf("Subject of a long id: %v, want ErrTooLarge", err)
	}
}

func TestSpaceRefusesNamesThatAreNoTokens(t *testing.T) {
	t.Parallel()
	for _, name := range []eventstore.Space{"", "a.b", "a b", "a*", "ü", "x-secret", eventstore.Space(strings.Repeat("x", 65))} {
		if name.Validate() == nil {
			t.Errorf("%q is a valid name", name)
		}
	}
	for _, name := range []eventstore.Space{"kintolog", "KINTO_2", "secret", "a"} {
		if err := name.Validate(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
