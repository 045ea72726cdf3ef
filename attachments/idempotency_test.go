package attachments_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/server"
)

// again posts a form with an idempotency key, in an encoding of its own each time.
func (s *service) again(t testing.TB, key string, parts ...part) answer {
	t.Helper()
	body, contentType := encode(t, parts...)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1"+record+"/attachment", body)
	return s.serve(r, alice, "Content-Type", contentType, "Idempotency-Key", key)
}

func (a answer) replayed() bool { return a.header.Get("Idempotency-Replayed") == "true" }

// contents are the keys of files, without marks.
func (s *service) contents(t testing.TB) []string {
	t.Helper()
	return slices.DeleteFunc(s.store.files(t), func(key string) bool { return !strings.HasPrefix(key, "b/") })
}

func TestAnUploadThatIsSentAgainHasOneEffect(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	form := []part{file("a.txt", "content"), text("data", `{"n":1}`)}
	first := s.again(t, "k", form...)
	want(t, first, 201, "")
	s.send(t, alice, "PATCH "+record, `{"data":{"n":2}}`)
	second := s.again(t, "k", form...)
	if !second.replayed() || second.status != 201 || second.body != first.body || second.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("got %d %v %s, want the first answer %s", second.status, second.header, second.body, first.body)
	}
	if n := s.send(t, alice, "GET "+record, "").field(t, "data", "n"); n != 2.0 {
		t.Errorf("got n %v, want what was written since", n)
	}
	if got := s.contents(t); !slices.Equal(got, []string{first.key(t)}) {
		t.Errorf("got files %q, want %q alone", got, first.key(t))
	}
	for name, other := range map[string][]part{
		"file": {file("a.txt", "other"), text("data", `{"n":1}`)}, "name": {file("b.txt", "content"), text("data", `{"n":1}`)},
		"data": {file("a.txt", "content"), text("data", `{"n":2}`)},
	} {
		if got := s.again(t, "k", other...); got.status != 400 || !strings.Contains(got.body, "was used for another request") {
			t.Errorf("another %s: got %d %s, want 400", name, got.status, got.body)
		}
	}
	if got := s.contents(t); len(got) != 1 {
		t.Errorf("got files %q, want none of what was refused", got)
	}
	want(t, s.again(t, "other", form...), 200, "")
}

func TestUploadsAtOnceHaveOneEffect(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	answers := make([]answer, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.again(t, "k", file("a.txt", "content")) })
	}
	wg.Wait()
	fresh := 0
	for _, a := range answers {
		if !a.replayed() {
			fresh++
		}
		if a.status != 201 || a.body != answers[0].body {
			t.Errorf("got %d %s, want %s", a.status, a.body, answers[0].body)
		}
	}
	if files := s.contents(t); fresh != 1 || len(files) != 1 {
		t.Errorf("got %d answers that are no replay, and files %q; want one of each", fresh, files)
	}
}

func TestTheAnswerToAnUploadOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	data, folder := t.TempDir(), t.TempDir()
	again := change{folder: folder, config: func(c *server.Config) { c.Memory, c.DataDir = false, data }}
	s := start(t, again)
	first := s.again(t, "k", file("a.txt", "content"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, again)
	if got := s.again(t, "k", file("a.txt", "content")); !got.replayed() || got.body != first.body {
		t.Errorf("got %d %s, want %s again", got.status, got.body, first.body)
	}
	if got := s.send(t, "", "GET /attachments/"+first.key(t), ""); got.body != "content" {
		t.Errorf("got file %d %q", got.status, got.body)
	}
}

func TestDetachingThatIsSentAgainHasOneEffect(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	s.uploaded(t, record, "a.txt")
	first := s.send(t, alice, "DELETE "+record+"/attachment", "", "Idempotency-Key", "d")
	want(t, first, 204, "")
	s.uploaded(t, record, "b.txt")
	if got := s.send(t, alice, "DELETE "+record+"/attachment", "", "Idempotency-Key", "d"); got.status != 204 || !got.replayed() {
		t.Errorf("got %d %v, want the first answer", got.status, got.header)
	} else if exposed := got.header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "ETag") || !strings.HasSuffix(exposed, ", Idempotency-Replayed") {
		t.Errorf("got %q exposed to browsers, want that it is a replay among them", exposed)
	}
	if name := s.send(t, alice, "GET "+record, "").field(t, "data", "attachment", "filename"); name != "b.txt" {
		t.Errorf("got attachment %v, want b.txt", name)
	}
}
