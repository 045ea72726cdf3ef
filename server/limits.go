package server

import (
	"errors"
	"net/http"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/idempotency"
)

// Limits bound what comes in, beside those of all requests, which web.Config has, and of query strings, which readapi.Options
// has. A field that is zero stands for its default.
type Limits struct {
	Body rest.BodyLimits // JSON in bodies; also of each request in a batch, which has Members alone
	Keys idempotency.Limits
	// ID is the greatest length of an id, in bytes: from 36, so that there is room for UUIDs, to 255, the default.
	ID int
	// BatchRequests is how many requests a batch may hold, told by the root endpoint. Default 25; negative for no limit.
	BatchRequests int
	// BatchBytes bounds the bodies of a batch together, defaults filled in, and four times it those of its answers. Default
	// 16 MiB.
	BatchBytes int
	// Waiting is how many writes may wait for the log before more are refused. Default 4096.
	Waiting int
}

// batch are the limits of one request of a batch that is written, which become those of the request that it makes.
func (c Config) batch() rest.BatchOptions {
	return rest.BatchOptions{
		Headers: c.Web.Limits.Headers, PathLength: c.Web.Limits.URL,
		Depth: c.Limits.Body.Depth, Members: c.Limits.Body.Members, Bytes: c.Limits.BatchBytes,
	}
}

// validate tells everything that is wrong with a config, but for what others are given of it, who tell themselves.
func (c Config) validate() error {
	var problems []error
	check := func(ok bool, sentence string) {
		if !ok {
			problems = append(problems, errors.New(sentence))
		}
	}
	check(c.Limits.ID == 0 || c.Limits.ID >= 36 && c.Limits.ID <= domain.MaxIDLength, "Limits.ID must be from 36 to 255")
	check(c.Limits.Waiting >= 0, "Limits.Waiting must not be negative")
	check(c.TokenValidity >= 0, "TokenValidity must not be negative")
	check(c.Readable >= 0, "Readable must not be negative")
	check(c.ReadTimeout >= 0, "ReadTimeout must not be negative")
	check(c.HeartbeatTimeout >= 0, "HeartbeatTimeout must not be negative")
	return errors.Join(problems...)
}

// ids bounds those of a resource, unless the service itself makes all of them.
func (l Limits) ids(r *domain.Resource) {
	if l.ID > 0 && (has(r.PluralMethods, http.MethodPost) || has(r.ObjectMethods, http.MethodPut)) {
		r.IDs = r.IDs.UpTo(l.ID)
	}
}

// has tells whether a method is one of those declared, which are all for nil.
func has(declared []string, method string) bool {
	return declared == nil || slices.Contains(declared, method)
}
