package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/server"
)

func TestReadsAndWritesGoByOneClock(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *server.App, c *server.Config) {
		c.Now = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	})
	w := ask(t, s, "alice", "PUT /buckets/b", "")
	since := strings.Trim(w.Header().Get("ETag"), `"`)
	for _, request := range []string{"GET /buckets?_since=" + since, "DELETE /buckets?_since=" + since} {
		if w := ask(t, s, "alice", request, ""); w.Code != 200 || w.Body.String() != `{"data":[]}` {
			t.Errorf("%s: got %d %s, want nothing since then", request, w.Code, w.Body)
		}
	}
}
