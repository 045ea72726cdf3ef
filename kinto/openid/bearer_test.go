package openid_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kintolog/kintolog/cache/memory"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/openid"
	"github.com/kintolog/kintolog/server"
)

func TestABearerIsTheUserThatTheProviderNames(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice","email":"a@example.org","number":42,"none":null,"empty":"","flag":true}`)
	byField := func(field string) process {
		p := provider(i)
		p.UserIDField = field
		return start(t, newCache(), p)
	}
	for _, c := range []struct{ field, authorization, want string }{
		{"", "Bearer opaque", "acme:alice"},
		{"", "bearer opaque", "acme:alice"},
		{"", "BEARER  opaque ", "acme:alice"},
		{"email", "Bearer opaque", "acme:a@example.org"},
		{"number", "Bearer opaque", "acme:42"},
		{"none", "Bearer opaque", ""},
		{"empty", "Bearer opaque", ""},
		{"flag", "Bearer opaque", ""},
		{"missing", "Bearer opaque", ""},
		{"", "Bearer other", ""},
		{"", "Bearer", ""},
		{"", "Bearer ", ""},
		{"", "Bearer opaque\ttwo", ""},
		{"", "Basic opaque", ""},
		{"", "opaque", ""},
		{"", "undefined", ""},
		{"", "", ""},
	} {
		if got := byField(c.field).whoami(t, c.authorization); got != c.want {
			t.Errorf("%q by %q: got %q, want %q", c.authorization, c.field, got, c.want)
		}
	}
}

func TestTheSchemeOfTheHeaderCanBeChosen(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice"}`)
	p := provider(i)
	p.HeaderType, p.Realm = "Bearer+OIDC", "home"
	s := start(t, newCache(), p)
	for authorization, want := range map[string]string{"bearer+oidc opaque": "acme:alice", "Bearer opaque": ""} {
		if got := s.whoami(t, authorization); got != want {
			t.Errorf("%q: got %q, want %q", authorization, got, want)
		}
	}
}

func TestWithAnAudienceATokenMustBeOneOfTheIssuerForIt(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	p := provider(i)
	p.Audience = "kinto"
	s := start(t, newCache(), p)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mine := claims{"aud": "kinto"}
	signedBy := func(key any, algorithm jose.SignatureAlgorithm) string {
		return signed(i.claims(mine), jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: "one"}})
	}
	good := i.sign(mine)
	for name, c := range map[string]struct{ token, want string }{
		"good":             {good, "acme:alice"},
		"several":          {i.sign(claims{"aud": []string{"other", "kinto"}}), "acme:alice"},
		"other audience":   {i.sign(claims{"aud": "other"}), ""},
		"no audience":      {i.sign(nil), ""},
		"other issuer":     {i.sign(claims{"aud": "kinto", "iss": "https://evil.example.org"}), ""},
		"expired":          {i.sign(claims{"aud": "kinto", "exp": time.Now().Add(-time.Minute).Unix()}), ""},
		"never expires":    {i.sign(claims{"aud": "kinto", "exp": nil}), ""},
		"not yet valid":    {i.sign(claims{"aud": "kinto", "nbf": time.Now().Add(time.Hour).Unix()}), ""},
		"unsigned":         {unsigned(i.claims(mine)), ""},
		"signature gone":   {good[:strings.LastIndex(good, ".")+1], ""},
		"key of a strange": {signedBy(stranger, jose.RS256), ""},
		"shared secret":    {signedBy([]byte(clientSecret+"-which-is-long-enough-for-hs256"), jose.HS256), ""},
		"opaque":           {"opaque", ""},
	} {
		i.knows(c.token, `{"sub":"alice"}`) // so that nothing but the audience is in the way
		if got := s.whoami(t, "Bearer "+c.token); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got, want := i.questions("/userinfo"), 2; got != want {
		t.Errorf("got %d questions for profiles, want %d: a token that is not for us is not passed on", got, want)
	}
}

func unsigned(c claims) string {
	body, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(body) + "."
}

func TestItIsUnknownWhoCallsWhenTheProviderHasNoAnswer(t *testing.T) {
	t.Parallel()
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		path string
		do   http.HandlerFunc
	}{
		"fails":            {"/userinfo", text(http.StatusInternalServerError, `{"sub":"alice"}`)},
		"busy":             {"/userinfo", text(http.StatusTooManyRequests, `{"sub":"alice"}`)},
		"no JSON":          {"/userinfo", text(http.StatusOK, `sub=alice`)},
		"no object":        {"/userinfo", text(http.StatusOK, `null`)},
		"two subjects":     {"/userinfo", text(http.StatusOK, `{"sub":"alice","sub":"bob"}`)},
		"too large":        {"/userinfo", text(http.StatusOK, `{"sub":"alice"`+strings.Repeat(" ", 1<<20)+`}`)},
		"cut off":          {"/userinfo", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"silent":           {"/userinfo", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		"no keys":          {"/jwks", text(http.StatusInternalServerError, ``)},
		"keys are no JSON": {"/jwks", text(http.StatusOK, `<html>`)},
		"silent on keys":   {"/jwks", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIDP(t)
			p := provider(i)
			p.Audience = "kinto"
			token := i.sign(claims{"aud": "kinto"})
			i.knows(token, `{"sub":"alice"}`)
			clock := &watch{}
			timeout := 5 * time.Second
			if strings.HasPrefix(name, "silent") {
				timeout = 100 * time.Millisecond
			}
			s := startAt(t, clock.now, newCache(), openid.Options{Providers: []openid.Provider{p}, Timeout: timeout})
			i.on(c.path, c.do)
			s.fails(t, "Bearer "+token)
			if got := s.whoami(t, ""); got != "" {
				t.Errorf("without a token: got %q", got)
			}
			i.on(c.path, nil)
			clock.advance(3 * time.Second)
			if got, want := s.whoami(t, "Bearer "+token), "acme:alice"; got != want {
				t.Errorf("once it works again: got %q, want %q", got, want)
			}
		})
	}
}

func TestATokenThatIsNotAcceptedIsNotAskedAboutForAWhile(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	clock := &watch{}
	s := startAt(t, clock.now, newCache(), openid.Options{Providers: []openid.Provider{provider(i)}})
	for _, c := range []struct {
		after     time.Duration
		questions int
	}{{0, 1}, {0, 1}, {9 * time.Second, 1}, {time.Second, 2}} {
		clock.advance(c.after)
		if got := s.whoami(t, "Bearer opaque"); got != "" {
			t.Errorf("got %q, want nobody", got)
		}
		if got := i.questions("/userinfo"); got != c.questions {
			t.Errorf("after %v: got %d questions, want %d", c.after, got, c.questions)
		}
	}
	i.knows("opaque", `{"sub":"alice"}`)
	clock.advance(10 * time.Second)
	if got, want := s.whoami(t, "Bearer opaque"), "acme:alice"; got != want {
		t.Errorf("once it is accepted: got %q, want %q", got, want)
	}
}

func TestAProviderIsAskedAFewQuestionsAtATime(t *testing.T) {
	t.Parallel()
	const most, many = 32, 128
	i := newIDP(t)
	var now, peak atomic.Int64
	arrived, proceed := make(chan struct{}, many), make(chan struct{})
	i.on("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for seen := peak.Load(); n > seen && !peak.CompareAndSwap(seen, n); seen = peak.Load() {
		}
		arrived <- struct{}{}
		<-proceed
		i.userinfo(w, r)
	})
	var looked sync.WaitGroup
	looked.Add(many)
	s := start(t, counting{newCache(), looked.Done}, provider(i))
	var all sync.WaitGroup
	for n := range many {
		token := fmt.Sprint("token", n)
		i.knows(token, `{"sub":"`+token+`"}`)
		all.Go(func() {
			if got, want := s.whoami(t, "Bearer "+token), "acme:"+token; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	looked.Wait()
	for range most {
		<-arrived
	}
	for range many - most { // one leaves, one comes
		proceed <- struct{}{}
		<-arrived
	}
	close(proceed)
	all.Wait()
	if got := peak.Load(); got != most {
		t.Errorf("got %d questions at a time, want %d", got, most)
	}
}

func TestAVerifiedTokenNeedsNoProviderForTheTTLHoweverOftenItIsUsed(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice"}`)
	clock := &watch{}
	p := provider(i)
	p.VerificationTTL = time.Hour
	s := startAt(t, clock.now, memory.New(memory.Config{Now: clock.now}), openid.Options{Providers: []openid.Provider{p}})
	if got := s.whoami(t, "Bearer opaque"); got != "acme:alice" {
		t.Fatalf("got %q at first", got)
	}
	i.forget("opaque")
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{50 * time.Minute, "acme:alice"}, {9 * time.Minute, "acme:alice"}, {2 * time.Minute, ""}} {
		clock.advance(c.after)
		if got := s.whoami(t, "Bearer opaque"); got != c.want {
			t.Errorf("another %v later: got %q, want %q", c.after, got, c.want)
		}
	}
}

func TestATokenDoesNotCountAfterItsOwnEnd(t *testing.T) {
	t.Parallel()
	for _, audience := range []string{"", "kinto"} {
		i := newIDP(t)
		clock := &watch{}
		p := provider(i)
		p.Audience = audience
		// The cache has another clock: it may be late.
		s := startAt(t, clock.now, newCache(), openid.Options{Providers: []openid.Provider{p}})
		token := i.sign(claims{"aud": "kinto", "exp": time.Now().Add(10 * time.Minute).Unix()})
		i.knows(token, `{"sub":"alice"}`)
		for _, c := range []struct {
			after time.Duration
			want  string
		}{{0, "acme:alice"}, {9 * time.Minute, "acme:alice"}, {time.Minute, ""}} {
			clock.advance(c.after)
			if got := s.whoami(t, "Bearer "+token); got != c.want {
				t.Errorf("audience %q, another %v later: got %q, want %q", audience, c.after, got, c.want)
			}
		}
		if got := i.questions("/userinfo"); got != 1 {
			t.Errorf("audience %q: got %d questions, want 1", audience, got)
		}
	}
}

func TestTheKeysOfAProviderChange(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	clock := &watch{}
	p := provider(i)
	p.Audience = "kinto"
	s := startAt(t, clock.now, newCache(), openid.Options{Providers: []openid.Provider{p}})
	is := func(keyID, want string) {
		t.Helper()
		token := i.signBy(keyID, claims{"aud": "kinto", "exp": time.Now().Add(24 * time.Hour).Unix()})
		i.knows(token, `{"sub":"alice"}`)
		if got := s.whoami(t, "Bearer "+token); got != want {
			t.Errorf("key %s: got %q, want %q", keyID, got, want)
		}
	}
	asked := func(want int) {
		t.Helper()
		if got := i.questions("/jwks"); got != want {
			t.Errorf("got %d questions for keys, want %d", got, want)
		}
	}
	is("one", "acme:alice")
	for range 3 {
		is("two", "") // which anybody can say
	}
	asked(1)
	i.has("one", "two")
	clock.advance(3 * time.Second)
	is("two", "acme:alice")
	asked(2)
	i.has("two")
	clock.advance(59 * time.Minute)
	is("one", "acme:alice")
	clock.advance(time.Minute)
	is("one", "")
	is("two", "acme:alice")
	asked(3)
	i.on("/jwks", http.NotFound)
	clock.advance(59 * time.Minute)
	is("two", "acme:alice")
	s.fails(t, "Bearer "+i.signBy("one", claims{"aud": "kinto", "exp": time.Now().Add(24 * time.Hour).Unix()}))
}

func TestAProfileMayBeSigned(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	s := start(t, newCache(), provider(i))
	profile := i.signBy("one", nil)
	i.on("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = w.Write([]byte(profile))
	})
	if got, want := s.whoami(t, "Bearer opaque"), "acme:alice"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	profile = i.signBy("two", nil)
	s.fails(t, "Bearer another")
}

func TestAnAddressThatTheProviderHasNotVerifiedIsNobodys(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	for profile, want := range map[string]string{
		`{"sub":"1","email":"a@example.org"}`:                           "acme:a@example.org",
		`{"sub":"1","email":"a@example.org","email_verified":true}`:     "acme:a@example.org",
		`{"sub":"1","email":"a@example.org","email_verified":"true"}`:   "acme:a@example.org",
		`{"sub":"1","email":"a@example.org","email_verified":false}`:    "",
		`{"sub":"1","email":"a@example.org","email_verified":"false"}`:  "",
		`{"sub":"1","email":"a@example.org","email_verified":null}`:     "",
		`{"sub":"1","email":"a@example.org","email_verified":["true"]}`: "",
	} {
		i.knows("opaque", profile)
		for field, want := range map[string]string{"email": want, "sub": "acme:1"} {
			p := provider(i)
			p.UserIDField = field
			if got := start(t, newCache(), p).whoami(t, "Bearer opaque"); got != want {
				t.Errorf("%s by %s: got %q, want %q", profile, field, got, want)
			}
		}
	}
}

func TestAProfileIsSharedBetweenProcessesUnderAKeyedHash(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice"}`)
	p := provider(i)
	cache := newCache()
	one, two := start(t, cache, p), start(t, cache, p)
	for _, s := range []process{one, two} {
		if got, want := s.whoami(t, "Bearer opaque"), "acme:alice"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := i.questions("/userinfo"); got != 1 {
		t.Errorf("got %d questions, want 1", got)
	}
	mac := hmac.New(sha256.New, []byte("hmac"))
	mac.Write([]byte(i.URL + ":" + clientID + "::opaque"))
	got, _, err := cache.Get(t.Context(), "openid:verify:"+hex.EncodeToString(mac.Sum(nil)))
	if want := `{"sub":"alice"}`; err != nil || string(got) != want {
		t.Errorf("remembered: got %s, %v, want %s", got, err, want)
	}
}

// counting tells of each look-up.
type counting struct {
	domain.Cache
	looked func()
}

func (c counting) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, ok, err := c.Cache.Get(ctx, key)
	c.looked()
	return value, ok, err
}

func TestATokenSeenForTheFirstTimeByManyIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	const many = 8
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice"}`)
	var missed sync.WaitGroup // by all, before the provider answers
	missed.Add(many)
	i.on("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		missed.Wait()
		i.userinfo(w, r)
	})
	s := start(t, counting{newCache(), missed.Done}, provider(i))
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			if got, want := s.whoami(t, "Bearer opaque"), "acme:alice"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	all.Wait()
	// One that is late between look-up and question asks again.
	if got := i.questions("/userinfo"); got > many/2 {
		t.Errorf("got %d questions of %d, want one", got, many)
	}
}

func TestWhoLeavesDoesNotSpoilTheVerificationForOthers(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice"}`)
	asked, proceed := make(chan struct{}, 2), make(chan struct{})
	i.on("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-proceed
		i.userinfo(w, r)
	})
	missed := make(chan struct{}, 2)
	_, authentications := openid.New(openid.Options{Providers: []openid.Provider{provider(i)}})
	authenticator, err := authentications["acme"](server.Parts{
		Cache: counting{newCache(), func() { missed <- struct{}{} }}, Config: server.Config{Logger: (&journal{}).logger(), Now: time.Now},
	})
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		user string
		err  error
	}
	authenticate := func(ctx context.Context) chan outcome {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer opaque")
		done := make(chan outcome, 1)
		go func() {
			user, err := authenticator.Authenticate(r)
			done <- outcome{user, err}
		}()
		return done
	}
	ctx, leave := context.WithCancel(t.Context())
	left := authenticate(ctx)
	<-asked
	stayed := authenticate(t.Context())
	<-missed
	<-missed
	leave()
	if got := <-left; !errors.Is(got.err, context.Canceled) {
		t.Errorf("who left: got %+v, want the error of the context", got)
	}
	close(proceed)
	if got, want := <-stayed, (outcome{user: "acme:alice"}); got != want {
		t.Errorf("who stayed: got %+v, want %+v", got, want)
	}
}

// broken is a cache that cannot be reached.
type broken struct{ domain.Cache }

func (broken) Get(context.Context, string) ([]byte, bool, error) {
	return nil, false, errors.New("unreachable")
}

func (broken) Set(context.Context, string, []byte, time.Duration) error {
	return errors.New("unreachable")
}

func TestWithoutItsCacheItIsUnavailable(t *testing.T) {
	t.Parallel()
	s := start(t, broken{newCache()}, provider(newIDP(t)))
	for _, path := range []string{"/whoami", "/openid/acme/login?callback=https://app.example.org/&scope=openid"} {
		if got, _, _ := s.get(t, path, "Bearer opaque"); got != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d, want 503", path, got)
		}
	}
}

func TestATokenThatAnotherProviderAcceptedIsNotOfferedAgain(t *testing.T) {
	t.Parallel()
	first, second := newIDP(t), newIDP(t)
	second.knows("opaque", `{"sub":"bob"}`)
	other := openid.Provider{Name: "other", Issuer: second.URL, ClientID: "c"}
	s := start(t, newCache(), provider(first), other)
	for range 3 {
		if got, want := s.whoami(t, "Bearer opaque"), "other:bob"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := first.questions("/userinfo"); got != 1 {
		t.Errorf("got %d questions to the first provider, want 1", got)
	}
}

func TestAProviderWithoutAnswerIsNotInTheWayOfOthers(t *testing.T) {
	t.Parallel()
	first, second := newIDP(t), newIDP(t)
	second.knows("opaque", `{"sub":"bob"}`)
	s := start(t, newCache(), provider(first), openid.Provider{Name: "other", Issuer: second.URL, ClientID: "c"})
	first.Close()
	if got, want := s.whoami(t, "Bearer opaque"), "other:bob"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.fails(t, "Bearer unknown")
}

func TestAProfileThatDoesNotTellTheUserIsLeftToTheNextPolicy(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice"}`)
	for _, id := range []string{clientID, "another"} {
		mail, other := provider(i), provider(i)
		mail.UserIDField, other.Name, other.ClientID = "email", "other", id
		s := start(t, newCache(), mail, other)
		for range 2 {
			if got, want := s.whoami(t, "Bearer opaque"), "other:alice"; got != want {
				t.Errorf("client id %s: got %q, want %q", id, got, want)
			}
		}
	}
}

func TestATokenIsAcceptedByThePolicyOfItsSchemeWhateverOthersAccepted(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.knows("opaque", `{"sub":"alice","email":"a@example.org"}`)
	mail := provider(i)
	mail.Name, mail.ClientID, mail.HeaderType, mail.UserIDField = "mail", "mails", "Bearer+Mail", "email"
	s := start(t, newCache(), provider(i), mail)
	for range 2 {
		for authorization, want := range map[string]string{"Bearer opaque": "acme:alice", "Bearer+Mail opaque": "mail:a@example.org"} {
			if got := s.whoami(t, authorization); got != want {
				t.Errorf("%q: got %q, want %q", authorization, got, want)
			}
		}
	}
}

func TestATokenThatTheProviderRepeatsIsNotLogged(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.on("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "I do not like "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	})
	s := start(t, newCache(), provider(i))
	token := strings.Repeat("hush", 60) // longer than what is logged of an error
	if got := s.whoami(t, "Bearer "+token); got != "" {
		t.Errorf("got %q, want nobody", got)
	}
	if logged := s.log.String(); strings.Contains(logged, "hush") || !strings.Contains(logged, "I do not like") {
		t.Errorf("got %s, want what the provider said, without the token", logged)
	}
}
