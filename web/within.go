package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/kintolog/kintolog/domain"
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
		if userID != "" {
			return domain.Caller{UserID: userID}, nil
		}
	}
	return domain.Caller{}, nil
}

// Find returns the endpoint of a URL, whose path carries the version prefix; nil for none.
func (f *Frame) Find(u *url.URL) *Endpoint {
	if route := f.router.find(&http.Request{URL: u}); route != nil {
		return route.Endpoint
	}
	return nil
}

// Reported is an error that the frame answers as any other and does not log: it was logged where it happened, or
// is of no interest to anybody.
func Reported(err error) error { return &reported{err} }
