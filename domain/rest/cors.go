package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// Kind says what an endpoint is, which rules the headers of its answers.
type Kind int

// The kinds of endpoints.
const (
	Utility Kind = iota
	PluralEndpoint
	ObjectEndpoint
)

const (
	exposedByAll     = "Backoff, Retry-After, Alert, Content-Length, Content-Type"
	exposedByWrites  = exposedByAll + ", Last-Modified, ETag"
	exposedByObjects = exposedByWrites + ", Cache-Control, Expires, Pragma"
	exposedByLists   = exposedByObjects + ", Next-Page"
	exposedByTotals  = exposedByLists + ", Total-Objects, Total-Records"
)

// Exposed is the value of Access-Control-Expose-Headers for the answers of an endpoint to a method (protocol 2.8); that of Utility also
// suits redirects and unknown paths. Writes expose their timestamp and deletions of lists their next page, more
// than the protocol demands.
func Exposed(kind Kind, method string) string {
	reads := method == http.MethodGet || method == http.MethodHead
	switch {
	case kind == Utility:
		return exposedByAll
	case kind == PluralEndpoint && method == http.MethodHead:
		return exposedByTotals
	case kind == PluralEndpoint && (reads || method == http.MethodDelete):
		return exposedByLists
	case reads:
		return exposedByObjects
	default:
		return exposedByWrites
	}
}

// Expose lets web pages read one more header of an answer, if they may read any.
func Expose(h http.Header, name string) {
	if exposed := h.Get("Access-Control-Expose-Headers"); exposed != "" {
		h["Access-Control-Expose-Headers"] = []string{exposed + ", " + name}
	}
}

// CORS is what the operator allows other origins.
type CORS struct {
	// Origins are shell patterns: * ? [abc] [a-z] [!abc]. The pattern "*" is any origin, and then the answer does not depend
	// on who asks.
	Origins []string
	// MaxAge is how long a preflight counts, in seconds; negative to leave it to the browser. NoCache makes each count once.
	MaxAge  int
	NoCache bool
}

// AllowOrigin is the value of Access-Control-Allow-Origin for a request from this origin, "" if it has none. An origin that is not
// allowed is an Invalid error.
func (c CORS) AllowOrigin(origin string) (string, *domain.Error) {
	switch {
	case origin == "":
		return "", nil
	case slices.Contains(c.Origins, "*"):
		return "*", nil
	case slices.ContainsFunc(c.Origins, func(pattern string) bool { return glob(pattern, origin) }):
		return origin, nil
	}
	return "", domain.Invalidf(domain.InHeader, "Origin", "%s not allowed", origin)
}

// AllowUnrouted is the same for redirects and unknown paths, where patterns do not count; "" if it is not
// allowed.
func (c CORS) AllowUnrouted(origin string) string {
	switch {
	case origin == "":
		return ""
	case slices.Contains(c.Origins, "*"):
		return "*"
	case slices.Contains(c.Origins, origin):
		return origin
	}
	return ""
}

// Preflight answers OPTIONS on an endpoint of this kind that has these methods: the headers of the answer, whose body is the JSON value
// null, or an Invalid error.
func (c CORS) Preflight(request http.Header, kind Kind, methods []string) (http.Header, *domain.Error) {
	origin, method := request.Get("Origin"), request.Get("Access-Control-Request-Method")
	if err := Join(mandatory("Origin", origin), mandatory("Access-Control-Request-Method", method)); err != nil {
		return nil, err
	}
	allowed, err := c.AllowOrigin(origin)
	if !slices.Contains(methods, method) {
		err = Join(err, domain.Invalidf(domain.InHeader, "Access-Control-Request-Method", "Method not allowed"))
	}
	if err != nil {
		return nil, err
	}
	headers := append(strings.Split(allExposed(kind), ", "), requested(request)...)
	h := http.Header{}
	h.Set("Access-Control-Allow-Origin", allowed)
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ","))
	h.Set("Access-Control-Allow-Headers", strings.Join(headers, ","))
	if c.NoCache {
		h.Set("Access-Control-Max-Age", "0")
	} else if c.MaxAge >= 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	}
	return h, nil
}

func mandatory(name, value string) *domain.Error {
	if value != "" {
		return nil
	}
	return domain.Invalidf(domain.InHeader, name, "this header is mandatory")
}

// allExposed is what any method of the endpoint exposes: HEAD exposes most.
func allExposed(kind Kind) string { return Exposed(kind, http.MethodHead) }

// requested are the headers that the browser asks for.
func requested(request http.Header) []string {
	var names []string
	for _, line := range request["Access-Control-Request-Headers"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}
