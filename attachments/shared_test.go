package attachments_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/attachments"
	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/server"
)

// Where there may be other processes, a file that no record refers to stays until nobody can be uploading it.
func TestOtherProcessesMayBeUploading(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, change{
		folder:  dir,
		config:  func(c *server.Config) { c.Log.URL = natstest.Listening(t).ClientURL() },
		options: func(o *attachments.Options) { o.SweepEvery = 20 * time.Millisecond },
	})
	young := s.uploaded(t, record, "a.txt")
	old := s.uploaded(t, record+"2", "a.txt")
	for _, key := range s.store.files(t) {
		if strings.Contains(key, record+"2/") {
			hourAgo := time.Now().Add(-time.Hour - time.Minute)
			if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(key)), hourAgo, hourAgo); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.send(t, alice, "DELETE "+record, "")
	s.send(t, alice, "DELETE "+record+"2", "")
	s.store.awaitRemoval(t, old)
	if !s.store.has(t, young) {
		t.Error("a file was removed that another process may be uploading")
	}
}
