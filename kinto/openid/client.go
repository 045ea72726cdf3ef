package openid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxAnswer bounds what is read of an answer of a provider, in bytes. Key sets are the longest, with some 20 KiB.
const maxAnswer = 256 << 10

// newClient makes a client for requests to providers: bounded in time and in what it reads, and careful with
// what it sends.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: bounded{http.DefaultTransport}, CheckRedirect: checkRedirect}
}

// checkRedirect follows a few redirects, but not those of a request that carries a code and a secret.
func checkRedirect(_ *http.Request, via []*http.Request) error {
	const most = 3
	if via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	if len(via) > most {
		return errors.New("too many redirects")
	}
	return nil
}

// bounded makes an error of reading more than maxAnswer.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	}
	return res, err
}

// maxQuestions bounds how many questions one issuer is asked at the same time.
const maxQuestions = 32

// client asks one issuer. It may be used concurrently.
type client struct {
	*http.Client

	slots chan struct{}
}

func newIssuerClient(c *http.Client) client { return client{c, make(chan struct{}, maxQuestions)} }

// answer is a whole answer, of any status.
type answer struct {
	code         int
	status, kind string // "404 Not Found", and the Content-Type
	text         jsontext.Value
}

// refuses tells whether the request is at fault, and not the issuer.
func (a answer) refuses() bool {
	return a.code >= 400 && a.code < 500 && a.code != http.StatusTooManyRequests && a.code != http.StatusRequestTimeout
}

func (a answer) isObject() bool { return a.text.IsValid() && a.text.Kind() == '{' }

// errBusy is the error for a question whose turn did not come in time.
var errBusy = errors.New("too many questions to the provider at the same time")

// ask sends a request when its turn comes and reads the answer. All of that takes no longer than the timeout, and the wait half
// of that at most: a question without the time for an answer would only be a burden.
func (c client) ask(r *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), c.Timeout)
	defer cancel()
	timer := time.NewTimer(c.Timeout / 2)
	defer timer.Stop()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-timer.C:
		return answer{}, errBusy
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	res, err := c.Do(r.WithContext(ctx))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read the answer of %s: %w", r.URL.Host, err)
	}
	return answer{res.StatusCode, res.Status, res.Header.Get("Content-Type"), text}, nil
}

// get asks for what is at a URL, with the token of whom it is about, if any.
func (c client) get(ctx context.Context, url, token string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return c.ask(r)
}

// brief is an error with a text of one short line: the errors of libraries repeat answers of providers, and those may repeat
// what they were sent.
type brief struct {
	error
	secret string // is left out; "" for none
}

// Error is the beginning of the text.
func (b brief) Error() string {
	const longest = 200
	text, _, _ := strings.Cut(b.error.Error(), "\n")
	if b.secret != "" {
		text = strings.ReplaceAll(text, b.secret, "***")
	}
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}

// Unwrap is the error.
func (b brief) Unwrap() error { return b.error }
