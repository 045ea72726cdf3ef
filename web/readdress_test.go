package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// mine makes /buckets/mine another address of a bucket named after the caller, and refuses who has no name.
func mine(r *web.Request) error {
	segments := r.Segments()
	if len(segments) < 2 || segments[1] != "mine" {
		return nil
	}
	if r.Caller.Anonymous() {
		return r.Caller.Refusal("read", "/x")
	}
	r.Readdress(append([]string{segments[0], "of " + r.Caller.UserID}, segments[2:]...))
	if _, err := r.ReadBody(); err != nil {
		return err
	}
	r.ReplaceBody([]byte("replaced"))
	return nil
}

func TestARequestIsChangedBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, func(c *web.Config) { c.Before = append(c.Before, mine) })
	const bob, bucket = "Authorization: bob", "/buckets/of account:bob"
	for _, c := range []struct {
		request, credentials string
		status               int
		holds                string
	}{
		{"PUT /v1/buckets/mine", bob, 200, `bucket-object plural="/buckets" uri="` + bucket + `" params=map[id:of account:bob] user="account:bob" body="replaced"`},
		{"POST /v1/buckets/%6Dine/collections?x=1", bob, 200, `collection-plural plural="` + bucket + `/collections" uri="" params=map[bucket:of account:bob]`},
		{"PUT /v1/buckets/yours", bob, 200, `uri="/buckets/yours" params=map[id:yours] user="account:bob" body="given"`},
		{"PUT /v1/buckets/mine", "Accept: */*", 401, "Please authenticate"},
		{"PUT /v1/buckets/mine/nothing", bob, 404, "could not be found"},
		{"POST /v1/buckets/mine", bob, 405, "not allowed"},
	} {
		resp := send(t, frame, c.request, c.credentials, "Content-Type: application/json", "", "given")
		if resp.StatusCode != c.status || !strings.Contains(resp.Body, c.holds) {
			t.Errorf("%s: got %d %s, want %d with %s", c.request, resp.StatusCode, resp.Body, c.status, c.holds)
		}
	}
}

func TestAPartOfARequestKeepsThePathThatItCameWith(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, func(c *web.Config) { c.Before = append(c.Before, mine) })
	bob := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/buckets/mine", nil)
	bob.Header.Set("Authorization", "bob")
	answer := frame.Serve(&web.Request{}, bob)
	if got, want := answer.Path, "/v1/buckets/mine"; got != want || answer.Status != 200 {
		t.Errorf("got %d for %s, want 200 for %s", answer.Status, got, want)
	}
}

func TestAnErrorWithATitleHasNoNumberOfItsOwn(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, func(c *web.Config) {
		c.Before = append(c.Before, func(*web.Request) error {
			return &domain.Error{Code: domain.Unauthenticated, Title: "Cannot do this."}
		})
	})
	resp := send(t, frame, "GET /v1/buckets")
	if got, want := resp.Body, `{"code":401,"errno":999,"error":"Cannot do this."}`; got != want || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d %s, want 401 %s", resp.StatusCode, got, want)
	}
}
