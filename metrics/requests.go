package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kintolog/kintolog/web"
)

// requests observes what the frame tells of requests.
type requests struct {
	*Meter
	fields []string
	series *bounded // combinations of endpoint and fields
	users  *bounded
}

func newRequests(m *Meter, o Options) requests {
	return requests{Meter: m, fields: o.Fields, series: newBounded(o.MaxSeries), users: newBounded(o.MaxSeries)}
}

func (o requests) observe(s web.Summary) {
	labels := o.labels(s)
	o.sink.observe(o.summary, 1, append(slices.Clip(labels), strconv.Itoa(s.Status))...)
	o.sink.observe(o.duration, s.Duration.Seconds(), labels...)
	o.sink.observe(o.size, float64(s.Size), labels...)
	policy, user, found := strings.Cut(s.Request.Caller.UserID, ":")
	if !found {
		return
	}
	user = strings.ReplaceAll(user, ":", ".")
	if !o.users.admits(policy + ":" + user) {
		user = "other"
	}
	o.sink.observe(o.Meter.users, 1, policy, user)
	o.sink.observe(o.authentication, 1, policy)
}

// labels are the method, the endpoint and the fields.
func (o requests) labels(s web.Summary) []string {
	labels := make([]string, 2+len(o.fields))
	labels[0], labels[1] = method(s.Request.Method), endpoint(s)
	// What is refused, or asked by a browser beforehand, may be about ids that there are not.
	if s.Status >= http.StatusBadRequest || s.Request.Endpoint == nil || s.Request.Method == http.MethodOptions {
		return labels
	}
	for i, name := range o.fields {
		labels[2+i] = field(s.Request, name)
	}
	if !o.series.admits(strings.Join(labels[1:], "/")) {
		clear(labels[2:])
	}
	return labels
}

// method is one of those that there are, so that clients do not make up series.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return strings.ToLower(name)
	}
	return "other"
}

func endpoint(s web.Summary) string {
	switch {
	case s.Request.Endpoint != nil:
		return s.Request.Endpoint.Name
	case s.Status == http.StatusNotFound:
		return "unknown"
	}
	return "unnamed"
}

// field is a parameter of the path. The id of an object is that of its resource.
func field(r *web.Request, name string) string {
	resource := strings.TrimSuffix(name, "_id")
	if r.Endpoint.Kind == web.ObjectEndpoint && r.Resource != nil && r.Resource.Name == resource {
		return r.URI.ID()
	}
	if value, found := r.Params[resource]; found {
		return value
	}
	return r.Params[name]
}

// bounded is a set that grows up to a size.
type bounded struct {
	size int
	mu   sync.RWMutex
	keys map[string]struct{}
}

func newBounded(size int) *bounded { return &bounded{size: size, keys: map[string]struct{}{}} }

// admits tells whether the key is in the set, after adding it if there is room.
func (b *bounded) admits(key string) bool {
	b.mu.RLock()
	_, known := b.keys[key]
	b.mu.RUnlock()
	if known {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known = b.keys[key]; !known && len(b.keys) < b.size {
		b.keys[key] = struct{}{}
		known = true
	}
	return known
}
