package defaultbucket_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkGet compares a read by the alias with one by the real path.
func BenchmarkGet(b *testing.B) {
	s := start(b, nil)
	send(b, s, mat, "PUT /buckets/default/collections/c/records/r", `{"data":{"a":1}}`)
	for _, bucket := range []string{matBucket, "default"} {
		b.Run(bucket, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/v1/buckets/"+bucket+"/collections/c/records/r", nil)
			r.SetBasicAuth("mat", "secret")
			for b.Loop() {
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
