package defaultbucket_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/defaultbucket"
	"github.com/kintolog/kintolog/server"
)

func TestBucketID(t *testing.T) {
	t.Parallel()
	if got := defaultbucket.BucketID("", matID); got != matBucket {
		t.Errorf("got %s, want %s", got, matBucket)
	}
	if got := defaultbucket.BucketID("secret", matID); got == matBucket || len(got) != 36 {
		t.Errorf("got %s with another key, want another UUID", got)
	}
}

func TestTheRootNamesTheBucket(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	if got, want := send(t, s, mat, "GET /", ""), `"bucket":"`+matBucket+`"`; !strings.Contains(got.body, want) {
		t.Errorf("got %v, want %s", got, want)
	}
	if got := send(t, s, "", "GET /", ""); strings.Contains(got.body, `"bucket"`) || !strings.Contains(got.body, `"default_bucket":`) {
		t.Errorf("got %v, want the capability and no bucket", got)
	}
}

// TestFirstRequests sends each request to a service of its own, where nothing is there yet.
func TestFirstRequests(t *testing.T) {
	t.Parallel()
	const (
		bucket     = "/buckets/" + matBucket
		collection = bucket + "/collections/articles"
	)
	for _, c := range []struct {
		request, body string
		status        int
		holds         string   // in the answer
		created       []string // in this order, in one commit
	}{
		{"GET /buckets/default", "", 200, `"id":"` + matBucket + `"`, []string{bucket}},
		{"HEAD /buckets/default", "", 200, "", []string{bucket}},
		{"GET /buckets/default", "", 200, `"permissions":{"write":["` + matID + `"]}`, []string{bucket}},
		{"PATCH /buckets/default", `{"data":{"a":1}}`, 200, `"a":1`, []string{bucket}},
		{"DELETE /buckets/default", "", 200, `"deleted":true`, []string{bucket}},
		{"GET /buckets/default/collections", "", 200, `{"data":[]}`, []string{bucket}},
		{"GET /buckets/%64efault/collections", "", 200, `{"data":[]}`, []string{bucket}},
		{"POST /buckets/default/collections", `{"data":{"id":"articles"}}`, 201, `"id":"articles"`, []string{bucket, collection}},
		{"GET /buckets/default/collections/articles", "", 200, `"id":"articles"`, []string{bucket, collection}},
		{"PUT /buckets/default/collections/articles", "", 201, `"id":"articles"`, []string{bucket, collection}},
		{"DELETE /buckets/default/collections/articles", "", 200, `"deleted":true`, []string{bucket, collection}},
		{"GET /buckets/default/collections/articles/records", "", 200, `{"data":[]}`, []string{bucket, collection}},
		{"GET /buckets/default/collections/articles/records/a", "", 404, `"resource_name":"record"`, []string{bucket, collection}},
		{
			"PUT /buckets/default/collections/articles/records/a", `{"data":{"a":1}}`, 201, `"a":1`,
			[]string{bucket, collection, collection + "/records/a"},
		},
		{"DELETE /buckets/default/collections/articles/records", "", 200, `{"data":[]}`, []string{bucket, collection}},
		{"PUT /buckets/default/groups/g", `{"data":{"members":["a"]}}`, 201, `"id":"g"`, []string{bucket, bucket + "/groups/g"}},
		{"GET /buckets/default/groups/g", "", 404, `"resource_name":"group"`, []string{bucket}},
		{"GET /buckets/default/where", "", 200, bucket + " true", []string{bucket}},

		{"GET /buckets/default/collections/bad!id", "", 400, `"name":null,"description":"Invalid collection id"`, nil},
		{"GET /buckets/default/collections/-x/records", "", 400, `"message":"path: Invalid collection id"`, nil},
		{"POST /buckets/default/collections/-x/records", "", 400, `"message":"path: Invalid collection id"`, nil},
		{"PUT /buckets/default/collections/articles/records/a", `{`, 400, "Invalid JSON", nil},
		{"DELETE /buckets/default/collections/articles/records/a", "", 404, `"resource_name":"record"`, nil},
		{"PUT /buckets/default", "", 403, "", nil}, // it creates the bucket as any other
		{"GET /buckets/defaulty", "", 403, "", nil},
		{"GET /buckets/default/nothing", "", 404, "could not be found", nil},
		{"POST /buckets/default", "", 405, "", nil},
	} {
		t.Run(strings.ReplaceAll(c.request, "/", "."), func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			got := send(t, s, mat, c.request, c.body)
			if got.status != c.status || !strings.Contains(got.body, c.holds) {
				t.Errorf("got %v, want %d with %s", got, c.status, c.holds)
			}
			uris, commits := created(t, s)
			if want := min(1, len(c.created)); !slices.Equal(uris, c.created) || commits != want {
				t.Errorf("got %q created in %d commits, want %q in %d", uris, commits, c.created, want)
			}
		})
	}
}

func TestAnonymousCallersHaveNoBucket(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, request := range []string{
		"GET /buckets/default", "PUT /buckets/default", "POST /buckets/default/collections/c/records", "GET /buckets/default/where",
	} {
		if got := send(t, s, "", request, ""); got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: got %v, want 401 with a challenge", request, got)
		}
	}
	if got := send(t, s, "", "OPTIONS /buckets/default/collections/c", ""); got.status != 200 {
		t.Errorf("OPTIONS: got %v, want 200", got)
	}
}

func TestAReadOnlyServerDoesNotKnowTheAlias(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *server.App, c *server.Config) { c.Web.ReadOnly = true })
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if got := send(t, s, mat, method+" /buckets/default", ""); got.status != 405 {
			t.Errorf("%s: got %v, want 405", method, got)
		}
	}
}

func TestThePutOfTheBucketCreatesItNormally(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", `{"data":{"a":1}}`, `{"data":{"id":"default","a":1}}`, `{"data":{"id":"` + matBucket + `"}}`} {
		s := start(t, func(a *server.App, _ *server.Config) {
			a.Policy.Grants = map[string][]string{"bucket_create": {domain.Authenticated}}
		})
		got := send(t, s, mat, "PUT /buckets/default", body)
		if got.status != 201 || !strings.Contains(got.body, `"id":"`+matBucket+`"`) {
			t.Errorf("%s: got %v, want 201 with the id of the bucket", body, got)
		}
		if got := send(t, s, mat, "PUT /buckets/default", body); got.status != 200 {
			t.Errorf("%s again: got %v, want 200", body, got)
		}
		if got := send(t, s, mat, "PATCH /buckets/default", `{"data":{"id":"default"}}`); got.status != 200 {
			t.Errorf("PATCH: got %v, want 200", got)
		}
	}
}

func TestNextPagesAreInTheBucket(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for i := range 3 {
		send(t, s, mat, fmt.Sprintf("PUT /buckets/default/collections/c/records/r%d", i), "")
	}
	next := send(t, s, mat, "GET /buckets/default/collections/c/records?_limit=2&_sort=id", "").header.Get("Next-Page")
	_, path, _ := strings.Cut(next, "/v1")
	if want := "/buckets/" + matBucket + "/collections/c/records?"; !strings.HasPrefix(path, want) {
		t.Errorf("got next page %q, want it at %s", next, want)
	}
	if got := send(t, s, mat, "GET "+path, ""); got.status != 200 || !strings.Contains(got.body, `"id":"r2"`) {
		t.Errorf("got %v, want the third record", got)
	}
}

func TestReadsOfWhatIsThereChangeNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	send(t, s, mat, "PUT /buckets/default/collections/c/records/r", "")
	before := tail(t, s)
	for _, path := range []string{"", "/collections", "/collections/c", "/collections/c/records", "/collections/c/records/r", "/where"} {
		if got := send(t, s, mat, "GET /buckets/default"+path, ""); got.status != 200 {
			t.Errorf("%s: got %v, want 200", path, got)
		}
	}
	if got := tail(t, s); got != before {
		t.Errorf("got the log at %d, want it at %d as before", got.Position, before.Position)
	}
}

func TestSomebodyElsesBucketIsNotChanged(t *testing.T) {
	t.Parallel()
	s := start(t, func(a *server.App, _ *server.Config) {
		a.Policy.Grants = map[string][]string{"bucket_create": {domain.Authenticated}}
	})
	send(t, s, "eve:x", "PUT /buckets/"+matBucket, "")
	for _, request := range []string{
		"GET /buckets/default", "GET /buckets/default/collections/c/records", "PUT /buckets/default/collections/c/records/r",
	} {
		if got := send(t, s, mat, request, ""); got.status != 403 {
			t.Errorf("%s: got %v, want 403", request, got)
		}
	}
}

func TestUsersMayWriteTheirBucketWhateverIsKeptOfThoseWhoCreate(t *testing.T) {
	t.Parallel()
	s := start(t, func(a *server.App, _ *server.Config) { a.Policy.KeepExplicit = true })
	for range 2 {
		if got := send(t, s, mat, "PUT /buckets/default/collections/c/records/r", ""); got.status > 201 {
			t.Errorf("got %v, want 201 or 200", got)
		}
	}
}

func TestFirstRequestsAtTheSameTimeAllSucceed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			request := fmt.Sprintf("PUT /buckets/default/collections/c%d/records/r%d", i%3, i)
			if i%4 == 0 {
				request = fmt.Sprintf("GET /buckets/default/collections/c%d/records", i%3)
			}
			if got := send(t, s, mat, request, ""); got.status > 201 {
				t.Errorf("%s: got %v, want success", request, got)
			}
		})
	}
	wg.Wait()
	uris, _ := created(t, s)
	if got, want := len(uris), 1+3+30; got != want {
		t.Errorf("got %d objects created, want %d", got, want)
	}
}

func TestReadsSucceedWhileTheBucketIsDeleted(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				send(t, s, mat, "DELETE /buckets/default", "")
			}
		})
		wg.Go(func() {
			for range 100 {
				if got := send(t, s, mat, "GET /buckets/default/collections/c/records", ""); got.status != 200 {
					t.Errorf("got %v, want 200", got)
				}
			}
		})
	}
	wg.Wait()
}

func TestBatchesReportTheAlias(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	got := send(t, s, mat, "POST /batch", `{"requests":[
		{"method":"PUT","path":"/buckets/default/collections/c/records/a","body":{"data":{"a":1}}},
		{"method":"POST","path":"/buckets/default/collections/c/records","body":{"data":{"id":"b"}}},
		{"path":"/buckets/default/collections/c/records?_sort=id"},
		{"path":"/buckets/default/collections/d"},
		{"path":"/buckets/default"}
	]}`)
	for _, want := range []string{
		`{"status":201,"path":"/v1/buckets/default/collections/c/records/a",`,
		`{"status":201,"path":"/v1/buckets/default/collections/c/records",`,
		`{"status":200,"path":"/v1/buckets/default/collections/c/records",`,
		`{"status":200,"path":"/v1/buckets/default/collections/d",`,
		`"id":"` + matBucket + `"`,
	} {
		if got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("got %v, want 200 with %s", got, want)
		}
	}
	if uris, commits := created(t, s); len(uris) != 5 || commits != 1 {
		t.Errorf("got %q created in %d commits, want the bucket, two collections and two records in one", uris, commits)
	}
}

func TestItNeedsBuckets(t *testing.T) {
	t.Parallel()
	for _, resources := range [][]domain.Resource{nil, kinto.Resources()[:1]} {
		app := server.App{Name: "x", Resources: resources, Plugins: []server.Plugin{defaultbucket.New(defaultbucket.Options{})}}
		if _, err := server.Open(t.Context(), app, server.Config{Memory: true}); err == nil || !strings.Contains(err.Error(), "bucket") {
			t.Errorf("%d resources: got %v", len(resources), err)
		}
	}
}
