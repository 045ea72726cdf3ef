package readapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/readapi"
)

// BenchmarkReads is what requests cost without network, over a SQLite read model.
func BenchmarkReads(b *testing.B) {
	w := setup(b, readapi.Options{}, nil)
	w.put("mat", "/buckets/blog", `{}`)
	w.put("mat", art, `{}`)
	for i := range 200 {
		w.put("mat", domain.URI(fmt.Sprintf("%s/records/r%d", art, i)), fmt.Sprintf(`{"data":{"n":%d,"title":"a title","body":"%0300d"}}`, i, i))
	}
	etag := w.send("mat", "GET "+records).Get("ETag")
	for _, c := range []struct{ name, path, etag string }{
		{"object", records + "/r7", ""},
		{"list-100", records + "?_limit=100", ""},
		{"poll", records + "?_since=" + etag[1:len(etag)-1], ""},
		{"not-modified", records, etag},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, c.path, nil)
			r.Header.Set("Authorization", "mat")
			if c.etag != "" {
				r.Header.Set("If-None-Match", c.etag)
			}
			b.ReportAllocs()
			for b.Loop() {
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, r)
				if rec.Code >= http.StatusBadRequest {
					b.Fatal(rec.Body)
				}
			}
		})
	}
}
