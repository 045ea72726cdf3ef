package readapi

import (
	"net/http"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// Cache is for how long answers to anonymous callers may be cached (protocol 2.7).
type Cache struct {
	// Seconds by what they are for: the name of a resource ("record"), the same below one object
	// ("blog.record"), or deeper ("blog.articles.record"). The most specific one counts, and after all of these the old names
	// with underscores ("blog_articles_record", "blog_record"). 0 forbids to cache.
	Seconds map[string]int
	// Attributes name, by resource, an attribute of the parent which, being a greater number of seconds, counts
	// instead: {"record": "cache_expires"}.
	Attributes map[string]string
}

// longest is a year, which caches do not outlive.
const longest = 365 * 24 * 60 * 60

// seconds is for how long objects of an endpoint may be cached; ok is false if nothing is said about it.
func (c Cache) seconds(r *domain.Resource, p domain.Plural, parent domain.Object) (seconds int, ok bool) {
	if len(c.Seconds) == 0 && len(c.Attributes) == 0 {
		return 0, false
	}
	seconds, ok = c.setting(r.Name, p.Ancestors())
	attribute, hasAttribute := c.Attributes[r.Name]
	if !hasAttribute {
		return seconds, ok && seconds != 0
	}
	value, _ := jsondoc.Lookup(parent.Data, attribute)
	if wanted, isInt := jsondoc.Int(value); isInt {
		return max(seconds, int(min(wanted, longest))), true
	}
	return seconds, ok
}

// setting is the most specific one for objects below these. Names that are joined by underscores, as they once were, count
// after all others.
func (c Cache) setting(resource string, above []domain.URI) (seconds int, ok bool) {
	for _, separator := range []string{".", "_"} {
		for depth := len(above); depth >= 0; depth-- {
			var name strings.Builder
			for _, u := range above[:depth] {
				name.WriteString(u.ID() + separator)
			}
			if seconds, ok = c.Seconds[name.String()+resource]; ok {
				return seconds, true
			}
		}
	}
	return 0, false
}

// setCache sets the headers for caches.
func (a *API) setCache(h http.Header, r *web.Request, state *domain.State) {
	if !r.Caller.Anonymous() {
		h["Cache-Control"] = uncached
		return
	}
	var parent domain.Object
	if r.Resource.Parent() != nil {
		parent = state.Object(r.Plural.Parent())
	}
	seconds, ok := a.options.Cache.seconds(r.Resource, r.Plural, parent)
	if !ok {
		h["Cache-Control"] = uncached
		return
	}
	h.Add("Vary", "Authorization") // an answer that is kept is not for users, who may see more
	rest.SetCaching(h, max(seconds, 0), a.options.Now())
}

// uncached is shared by all answers and never changed.
var uncached = []string{"no-cache, no-store"}
