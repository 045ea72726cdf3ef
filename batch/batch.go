package batch

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// Header asks with the value "strict" for a batch that is undone by the first request that is refused. No other
// value is accepted.
const Header = "Kintolog-Batch"

// Config of the endpoint.
type Config struct {
	// Max is the greatest number of requests in a batch. Default 25; negative for no limit.
	Max int
	// Strict makes all batches strict: the first request that is answered with 400 or above undoes them.
	Strict bool
	// Prefix is the version prefix of every path. Default "/v1".
	Prefix string
	// Limits are those of a batch beyond Max; its Prefix and Requests are not used. The answers to all requests may have four
	// times the bytes of their bodies: what is only read is not limited by what was sent.
	Limits rest.BatchOptions

	// Catalog and Loop are those of the endpoints that are served. Required.
	Catalog *domain.Catalog
	Loop    *writeapi.Loop
	// Serve, Identify and Find are the methods of the web.Frame that the endpoint is part of. Required. Identify is
	// called once for all requests of a batch that differ in headers about conditions and content alone, before any
	// of them is carried out: an account made by a batch is no caller in it.
	Serve    func(outer *web.Request, r *http.Request) web.Answer
	Identify func(r *http.Request) (domain.Caller, error)
	Find     func(u *url.URL) *web.Endpoint
}

// Endpoint is POST on rest.BatchPath. It is public, because each request of a batch has a caller of its own.
func Endpoint(c Config) web.Endpoint {
	c.Prefix = cmp.Or(c.Prefix, "/v1")
	c.Limits.Prefix, c.Limits.Requests = c.Prefix, max(cmp.Or(c.Max, 25), 0)
	if c.Limits.Bytes <= 0 {
		c.Limits.Bytes = rest.BatchBytes
	}
	return web.Endpoint{
		Name: "batch", Path: rest.BatchPath, Kind: web.Utility, TakesJSON: true, Public: true,
		Methods: []web.Method{{Name: http.MethodPost, Handle: c.handle}},
	}
}

func (c *Config) handle(w http.ResponseWriter, r *web.Request) error {
	if r.Context().Value(insideKey{}) != nil {
		return rest.RecursiveBatch()
	}
	b, err := writeapi.Once(r.Context(), func() (*batch, error) { return c.read(r) })
	if err != nil {
		return err
	}
	b.outer = r
	outcome, err := b.carryOut()
	if err != nil {
		return err
	}
	r.Tell(b.standing())
	return b.answer(w, outcome)
}

// read makes a batch of a request, and does all of it that needs no transaction.
func (c *Config) read(r *web.Request) (*batch, error) {
	strict, err := c.strict(r.Header)
	if err != nil {
		return nil, err
	}
	raw, err := r.ReadBody()
	if err != nil {
		return nil, err
	}
	requests, problem := rest.ParseBatch(raw, c.Limits)
	if problem != nil {
		return nil, problem
	}
	r.Note("batch_size", len(requests))
	b := &batch{Config: c, outer: r, strict: strict, failed: -1}
	if err := b.prepare(requests); err != nil {
		return nil, err
	}
	if err := b.carryOutBefore(); err != nil {
		return nil, err
	}
	return b, nil
}

// insideKey marks the context of the requests of a batch.
type insideKey struct{}

func inside(ctx context.Context) context.Context { return context.WithValue(ctx, insideKey{}, true) }

// strict tells whether a request that is refused undoes the batch.
func (c *Config) strict(h http.Header) (bool, error) {
	switch asked := h.Get(Header); {
	case asked == "":
		return c.Strict, nil
	case strings.EqualFold(asked, "strict"):
		return true, nil
	default:
		return false, domain.Invalidf(domain.InHeader, Header, `"%s" is not one of strict`, asked)
	}
}
