package openid

import (
	"errors"
	"net/http"
	"strings"
	"time"
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
