package listeners

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/kintolog/kintolog/eventstore/feed"
)

// Headers of a webhook's requests.
const (
	// KeyHeader has the id of the event, the same each time it is delivered.
	KeyHeader = "Idempotency-Key"
	// PositionHeader has its place in the log, if it has one.
	PositionHeader = "Kintolog-Position"
	// SignatureHeader has "sha256=" and the HMAC-SHA256 of the body under the secret, hexadecimal, if there is a secret.
	SignatureHeader = "Kintolog-Signature"
)

// Webhook delivers events to a URL, each in one POST with the CloudEvent for body (structured mode of the HTTP binding of
// CloudEvents 1.0.2). Any status of 2xx takes it; everything else, redirections included, is an error. It is safe for
// concurrent use.
type Webhook struct {
	url    string
	secret string
	client *http.Client
}

// NewWebhook makes one for a URL of http or https. The URL is told to nobody, as it may hold credentials. With a secret the
// bodies are signed.
func NewWebhook(address, secret string) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the URL of a webhook begins with http:// or https:// and a host")
	}
	return &Webhook{url: address, secret: secret, client: &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close closes connections that are idle; others are closed when they are.
func (w *Webhook) Close() { w.client.CloseIdleConnections() }

// Handle is that of a Listener, whose timeout bounds it.
func (w *Webhook) Handle(ctx context.Context, e Event) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(e.CloudEvent))
	if err != nil {
		return errors.New("make a request to the URL of the webhook")
	}
	request.Header.Set("Content-Type", feed.ContentType)
	request.Header.Set("User-Agent", "Kintolog")
	request.Header.Set(KeyHeader, e.ID)
	if e.Position > 0 {
		request.Header.Set(PositionHeader, strconv.FormatUint(uint64(e.Position), 10))
	}
	if w.secret != "" {
		request.Header.Set(SignatureHeader, w.sign(e.CloudEvent))
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return fmt.Errorf("deliver: %w", withoutURL(err))
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("deliver: answered with %s", answer.Status)
	}
	return nil
}

func (w *Webhook) sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(w.secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// withoutURL is the error without the address that it was about.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
