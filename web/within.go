package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

type callerKey struct{}

// WithCaller makes the frame take a request with this context for one of the caller, whatever credentials it has: who
// serves several requests within the process finds out beforehand who calls, once, by Frame.Identify.
func WithCaller(ctx context.Context, c domain.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// Identify finds out who makes a request, as the frame does for each that it serves. The error is a *domain.Error,
// Unavailable if it cannot be found out.
func (f *Frame) Identify(r *http.Request) (domain.Caller, error) {
	if c, known := r.Context().Value(callerKey{}).(domain.Caller); known {
		return c, nil
	}
	for _, policy := range f.config.Authenticators {
		userID, err := policy.Authenticate(r)
		if err != nil {
			return domain.Caller{}, unavailable(err)
		}
		if domain.ValidPrincipal(userID) {
			return domain.Caller{UserID: userID}, nil
		}
	}
	return domain.Caller{}, nil
}

// Find returns the endpoint that answers requests to a URL, whose path carries the version prefix, be it after they are
// led on to the path without a slash at its end; nil for none.
func (f *Frame) Find(u *url.URL) *Endpoint {
	route := f.router.find(&http.Request{URL: u})
	if path, strayed := rest.WithoutSlash(u.EscapedPath(), f.paths); strayed && route == nil {
		if led, err := url.Parse(path); err == nil {
			route = f.router.find(&http.Request{URL: led})
		}
	}
	if route == nil {
		return nil
	}
	return route.Endpoint
}

// Reported is an error that the frame answers as any other and does not log: it was logged where it happened, or
// is of no interest to anybody.
func Reported(err error) error { return &reported{err} }
