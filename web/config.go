package web

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/kintolog/kintolog/domain/rest"
)

// Config is what the operator decides about the frame. The zero value serves.
type Config struct {
	// Version prefixes every path: "v" and a number. Default "v1".
	Version string
	// Scheme and Host replace those of the request in URLs for clients. Default "": those of the request.
	Scheme, Host string

	// Authenticators are asked in order; the first that knows the caller decides. Default none: all are anonymous.
	Authenticators []Authenticator
	// Before are called in order for each request that an endpoint is about to answer. They may change what it
	// addresses ([Request.Readdress]), its body and its context, or refuse it with an error. OPTIONS does not get there.
	Before []func(*Request) error
	// ReadOnly takes all methods away but GET, HEAD and OPTIONS (protocol 2.1).
	ReadOnly bool

	// CORS is from where browsers may call. Default: from everywhere, and they may remember it for 3600 seconds.
	CORS rest.CORS

	// VersionRedirect leads paths without version prefix to those with it; its default lifetime is
	// unsaid. SlashRedirect leads unknown paths with a slash at the end to those without, for 3600
	// seconds by default (protocol 2.11).
	VersionRedirect, SlashRedirect Redirect

	// Backoff, if set, is asked for each answer how many seconds clients should leave the service alone; not
	// positive says nothing about it. It must be fast and may be called concurrently.
	Backoff func() int
	// Errors is what the operator adds to errors. Default: try again after 3 seconds, no link.
	Errors rest.ErrorOptions
	// EOS is when the service ends; the zero time is never (protocol 8.5).
	EOS        time.Time
	EOSMessage string
	EOSURL     string

	// Limits bound every request.
	Limits Limits

	// Log receives a line for each request at level info and what went wrong inside at level error. Default:
	// the standard logger of logrus.
	Log *logrus.Logger
	// Traces and Meters, if one is set, receive a span and metrics for each request.
	Traces trace.TracerProvider
	Meters metric.MeterProvider
	// Observe, if set, is told of each request when it is answered. It must be fast, may be called concurrently, and
	// must not keep what it is given.
	Observe func(Summary)
	// Now is the wall clock. Default time.Now.
	Now func() time.Time
}

// Redirect says whether and how a request is sent on.
type Redirect struct {
	Disabled bool
	// TTL is for how many seconds clients may remember it. Negative says nothing about it; 0 is the default.
	TTL int
	// NoCache forbids to remember it.
	NoCache bool
}

// WithDefaults replaces zero values by their defaults.
func (c Config) WithDefaults() Config {
	setDefault(&c.Version, "v1")
	if len(c.CORS.Origins) == 0 {
		c.CORS.Origins = []string{"*"}
	}
	setDefault(&c.CORS.MaxAge, 3600)
	setDefault(&c.VersionRedirect.TTL, -1)
	setDefault(&c.SlashRedirect.TTL, 3600)
	setDefault(&c.Errors.RetryAfter, 3)
	c.Limits.setDefaults()
	if c.Log == nil {
		c.Log = logrus.StandardLogger()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

var versionSyntax = regexp.MustCompile(`^v[0-9]+$`)

// Validate tells everything that is wrong with a config that has its defaults.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(versionSyntax.MatchString(c.Version), "the version %q must be a v and a number", c.Version)
	check(c.Scheme == "" || c.Scheme == "http" || c.Scheme == "https", "the scheme %q must be http or https", c.Scheme)
	check(!slices.ContainsFunc(c.Authenticators, func(a Authenticator) bool { return a == nil }), "an authenticator is nil: leave it out")
	check(c.Limits.positive(), "the limits must be positive, not %+v", c.Limits)
	return errors.Join(problems...)
}
