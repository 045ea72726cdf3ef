package readapi_test

import (
	"testing"

	"github.com/kintolog/kintolog/readapi"
)

func TestAnonymousAnswersAreCachedAsConfigured(t *testing.T) {
	t.Parallel()
	const (
		never   = "no-cache, no-store"
		expired = "max-age=0, must-revalidate, no-cache, no-store"
		now     = "Mon, 23 Nov 2026 00:28:02 GMT"
	)
	attribute := map[string]string{"record": "cache_expires"}
	seconds := func(s map[string]int) readapi.Cache { return readapi.Cache{Seconds: s, Attributes: attribute} }
	for _, c := range []struct {
		name                     string
		cache                    readapi.Cache
		collection, user, path   string
		control, expires, pragma string
	}{
		{"nothing said", readapi.Cache{}, `{}`, "", "/records", never, "", ""},
		{"by resource", seconds(map[string]int{"record": 10}), `{}`, "", "/records", "max-age=10", "Mon, 23 Nov 2026 00:28:12 GMT", ""},
		{"to users never", seconds(map[string]int{"record": 10}), `{}`, "mat", "/records", never, "", ""},
		{"another resource", seconds(map[string]int{"bucket": 10}), `{}`, "", "/records", never, "", ""},
		{"by bucket", seconds(map[string]int{"record": 10, "blog.record": 20}), `{}`, "", "/records", "max-age=20", "Mon, 23 Nov 2026 00:28:22 GMT", ""},
		{"by collection", seconds(map[string]int{"blog.art.record": 5, "blog.record": 20}), `{}`, "", "/records", "max-age=5", "Mon, 23 Nov 2026 00:28:07 GMT", ""},
		{"by bucket, as it once was", seconds(map[string]int{"blog_record": 30}), `{}`, "", "/records", "max-age=30", "Mon, 23 Nov 2026 00:28:32 GMT", ""},
		{"by collection, as it once was", seconds(map[string]int{"blog_art_record": 4, "blog_record": 30}), `{}`, "", "/records", "max-age=4", "Mon, 23 Nov 2026 00:28:06 GMT", ""},
		{"by resource before that", seconds(map[string]int{"record": 10, "blog_art_record": 4}), `{}`, "", "/records", "max-age=10", "Mon, 23 Nov 2026 00:28:12 GMT", ""},
		{"the collection says more", seconds(map[string]int{"record": 10}), `{"cache_expires":20}`, "", "/records", "max-age=20", "Mon, 23 Nov 2026 00:28:22 GMT", ""},
		{"the collection says less", seconds(map[string]int{"record": 10}), `{"cache_expires":5}`, "", "/records", "max-age=10", "Mon, 23 Nov 2026 00:28:12 GMT", ""},
		{"the collection says never", seconds(nil), `{"cache_expires":0}`, "", "/records", expired, now, "no-cache"},
		{"records never", seconds(map[string]int{"record": 0}), `{}`, "", "/records", expired, now, "no-cache"},
		{"collections never", seconds(map[string]int{"collection": 0}), `{}`, "", "", never, "", ""},
		{"a collection", seconds(map[string]int{"collection": 10}), `{"cache_expires":99}`, "", "", "max-age=10", "Mon, 23 Nov 2026 00:28:12 GMT", ""},
	} {
		w := setup(t, readapi.Options{Cache: c.cache}, nil)
		w.put("mat", "/buckets/blog", `{"permissions":{"read":["system.Everyone"]}}`)
		w.put("mat", "/buckets/blog/collections/art", `{"data":`+c.collection+`}`)
		vary := "" // an answer that is kept is not for users, who may see more
		if c.control != never {
			vary = "Authorization"
		}
		for _, method := range []string{"GET", "HEAD"} {
			got := w.send(c.user, method+" /v1/buckets/blog/collections/art"+c.path)
			w.wants(c.name, got, 200, got.body, "Cache-Control: "+c.control, "Expires: "+c.expires, "Pragma: "+c.pragma, "Vary: "+vary)
		}
	}
}
