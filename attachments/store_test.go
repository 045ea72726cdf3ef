package attachments_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/attachments"
)

func s3Store(t *testing.T, change func(*attachments.S3Config)) (*s3Double, *store) {
	t.Helper()
	double, server := newS3Double(t)
	config := attachments.S3Config{
		Endpoint: server.URL, Region: region, Bucket: "files", AccessKey: accessKey, SecretKey: secretKey, PathStyle: true,
	}
	if change != nil {
		change(&config)
	}
	s3, err := attachments.NewS3(config)
	if err != nil {
		t.Fatal(err)
	}
	return double, &store{Store: s3}
}

// each runs a test on every kind of store.
func each(t *testing.T, test func(t *testing.T, s *store)) {
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		test(t, localStore(t, t.TempDir()))
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		_, s := s3Store(t, nil)
		test(t, s)
	})
}

func put(t testing.TB, s *store, key, content string) {
	t.Helper()
	if err := s.Put(t.Context(), key, "text/plain", strings.NewReader(content)); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func content(t testing.TB, s *store, key string) string {
	t.Helper()
	f, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer func() { _ = f.Close() }()
	if age := time.Since(f.Modified); age < -time.Minute || age > time.Minute {
		t.Errorf("%s is %s old", key, age)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(b)
}

func listed(t testing.TB, s *store, folder string) []string {
	t.Helper()
	var keys []string
	if err := s.List(t.Context(), folder, func(e attachments.Entry) error {
		keys = append(keys, e.Key)
		if age := time.Since(e.Modified); age < -time.Minute || age > time.Minute {
			t.Errorf("%s is %s old", e.Key, age)
		}
		return nil
	}); err != nil {
		t.Fatalf("list %s: %v", folder, err)
	}
	slices.Sort(keys)
	return keys
}

func TestStoresKeepFiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store) {
		put(t, s, "a/b/c.txt", "content")
		put(t, s, "empty", "")
		if got := content(t, s, "a/b/c.txt") + content(t, s, "empty"); got != "content" {
			t.Errorf("got %q", got)
		}
		err := s.Put(t.Context(), "a/b/c.txt", "text/plain", strings.NewReader("other"))
		if !errors.Is(err, attachments.ErrExists) || content(t, s, "a/b/c.txt") != "content" {
			t.Errorf("put again: got %v, want ErrExists and the file as it was", err)
		}
		for range 2 {
			if err := s.Delete(t.Context(), "a/b/c.txt"); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
		for _, key := range []string{"a/b/c.txt", "a/b", "none"} {
			if _, err := s.Open(t.Context(), key); !errors.Is(err, attachments.ErrMissing) {
				t.Errorf("open %s: got %v, want ErrMissing", key, err)
			}
		}
		put(t, s, "a/b/c.txt", "again")
	})
}

func TestStoresMissWhatCannotBeThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store) {
		put(t, s, "a/b", "content")
		long := strings.Repeat("x", 256)
		for _, key := range []string{"a/b/c", "a/b/c/d", long, "a/" + long, long + "/a", strings.Repeat("x/", 3000) + "x", " "} {
			if _, err := s.Open(t.Context(), key); !errors.Is(err, attachments.ErrMissing) {
				t.Errorf("open %.20s, %d bytes: got %.200v, want ErrMissing", key, len(key), err)
			}
		}
	})
}

func TestStoresListFolders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store) {
		for _, key := range []string{"a/1", "a/b/2", "a/b/3", "a/b/c/4", "ab/5", "6"} {
			put(t, s, key, key)
		}
		for folder, want := range map[string][]string{
			"a": {"a/1", "a/b/2", "a/b/3", "a/b/c/4"}, "a/b": {"a/b/2", "a/b/3", "a/b/c/4"}, "a/b/c": {"a/b/c/4"}, "none": nil, "none/b": nil,
		} {
			if got := listed(t, s, folder); !slices.Equal(got, want) {
				t.Errorf("list %s: got %q, want %q", folder, got, want)
			}
		}
		stop := errors.New("stop")
		if err := s.List(t.Context(), "a", func(attachments.Entry) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("got %v, want the error of yield", err)
		}
		if err := s.List(t.Context(), "a", func(e attachments.Entry) error { return s.Delete(t.Context(), e.Key) }); err != nil {
			t.Errorf("delete while listing: %v", err)
		}
		if got := listed(t, s, "a"); len(got) > 0 {
			t.Errorf("got %q after all were deleted", got)
		}
	})
}

func TestStoresKeepLargeFiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store) {
		for _, size := range []int{8<<20 - 1, 8 << 20, 20<<20 + 1} {
			want := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
			if err := s.Put(t.Context(), "large", "", bytes.NewReader(want)); err != nil {
				t.Fatalf("put %d bytes: %v", size, err)
			}
			if got := content(t, s, "large"); got != string(want) {
				t.Errorf("got %d bytes, want the %d that were put", len(got), size)
			}
			if err := s.Delete(t.Context(), "large"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestStoresKeepNothingOfWhatDoesNotArriveWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store) {
		for _, size := range []int64{10, 9 << 20} {
			if err := s.Put(t.Context(), "x/half", "", io.MultiReader(io.LimitReader(zeros{}, size), failing{})); err == nil {
				t.Error("got nil, want the error of the reader")
			}
			if _, err := s.Open(t.Context(), "x/half"); !errors.Is(err, attachments.ErrMissing) {
				t.Errorf("got %v, want ErrMissing", err)
			}
		}
	})
}

func TestOneOfManyGetsAName(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store) {
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				switch err := s.Put(t.Context(), "d/name", "", strings.NewReader("x")); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, attachments.ErrExists):
					t.Errorf("got %v, want ErrExists", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d got the name, want 1", won.Load())
		}
	})
}

func TestLocalStaysInItsFolder(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	s := localStore(t, dir)
	for _, key := range []string{"../" + filepath.Base(outside) + "/secret", "link/secret", outside + "/secret", "", ".", "a/../b", "a//b", "a/"} {
		if err := s.Put(t.Context(), key, "", strings.NewReader("y")); err == nil {
			t.Errorf("put %q: got nil, want an error", key)
		}
		if f, err := s.Open(t.Context(), key); err == nil {
			_ = f.Close()
			t.Errorf("open %q: got nil, want an error", key)
		}
		_ = s.Delete(t.Context(), key)
	}
	if b, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(b) != "x" {
		t.Errorf("got %q, %v, want the file as it was", b, err)
	}
}

func TestLocalLeavesNoFolderEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := localStore(t, dir)
	for _, key := range []string{"a/b/c/1", "a/b/2"} {
		put(t, s, key, "")
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want the folder gone", err)
	}
}

func TestLocalMakesFoldersThatAreBeingRemoved(t *testing.T) {
	t.Parallel()
	s := localStore(t, t.TempDir())
	var wg sync.WaitGroup
	for writer := range 4 {
		wg.Go(func() {
			for i := range 500 {
				key := fmt.Sprintf("a/b/%d-%d", writer, i)
				if err := s.Put(t.Context(), key, "", strings.NewReader("")); err != nil {
					t.Errorf("put %s: %v", key, err)
				}
				if err := s.Delete(t.Context(), key); err != nil {
					t.Errorf("delete %s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLocalRemovesWhatWasAbandoned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	localStore(t, dir)
	unfinished := filepath.Join(dir, ".unfinished")
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "new": time.Hour} {
		path := filepath.Join(unfinished, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	localStore(t, dir)
	entries, err := os.ReadDir(unfinished)
	if err != nil || len(entries) != 1 || entries[0].Name() != "new" {
		t.Errorf("got %v %v, want the new file alone", entries, err)
	}
}

func TestS3NeedsTheRightKey(t *testing.T) {
	t.Parallel()
	_, s := s3Store(t, func(c *attachments.S3Config) { c.SecretKey = "wrong" })
	if err := s.Put(t.Context(), "a", "", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("got %v, want a refused signature", err)
	}
}

func TestS3Config(t *testing.T) {
	t.Parallel()
	for _, c := range []attachments.S3Config{{}, {Bucket: "files", Endpoint: "s3.example.org"}, {Bucket: "files", Endpoint: "ftp://x"}} {
		if _, err := attachments.NewS3(c); err == nil {
			t.Errorf("%+v: got nil, want an error", c)
		}
	}
}

func TestAttachmentsInS3(t *testing.T) {
	t.Parallel()
	double, s3 := s3Store(t, func(c *attachments.S3Config) { c.ACL = "public-read" })
	s := start(t, change{options: func(o *attachments.Options) { o.Store = s3 }})
	first := s.uploaded(t, record, "a.txt")
	double.mu.Lock()
	if got := double.objects[first]; string(got.content) != "content" || got.mimeType != "text/plain" || got.acl != "public-read" {
		t.Errorf("got object %+v", got)
	}
	for key, o := range double.objects {
		if key != first && o.acl != "" {
			t.Errorf("%s has the ACL %s", key, o.acl)
		}
	}
	double.mu.Unlock()
	if got := s.send(t, "", "GET /attachments/"+first, ""); got.body != "content" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	second := s.uploaded(t, record, "a.txt")
	s3.awaitRemoval(t, first)
	s.send(t, alice, "DELETE /buckets/b", "")
	s3.awaitRemoval(t, second)
	if got := s.send(t, "", "GET /attachments/"+second, ""); got.status != 404 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
