package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// disk is a small one of the test's own.
func disk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("SKIPPED: a disk of its own needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves nothing free.
func fill(t *testing.T, dir string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for {
			if _, err := f.Write(make([]byte, size)); err != nil {
				break
			}
		}
	}
	return ballast
}

func TestWithAFullDiskItRefusesWritesLosesNothingAndGoesOnWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	dir := disk(t)
	p := api(t, dir, "kinto.heartbeat_timeout_seconds = 1", "kinto.answer_timeout_ms = 100")
	populated(p)
	ballast := fill(t, dir)
	stored := map[string]string{}
	body := fmt.Sprintf(`{"data":{"text":%q}}`, strings.Repeat("x", 4000))
	refusals := 0
	for i := range 30 {
		path := fmt.Sprintf("%s/r%d", records, i)
		a := p.Do("PUT", path, body)
		switch a.Status {
		case http.StatusCreated:
			stored[path] = a.Body
		case http.StatusServiceUnavailable:
			refusals++
		default:
			t.Errorf("%s: got %s", path, a)
		}
		if refusals > 0 {
			break
		}
	}
	if refusals == 0 {
		t.Errorf("%d writes of 4 kB are acknowledged on a full disk", len(stored))
	}
	t.Logf("%d acknowledged, %d refused", len(stored), refusals)
	p.Must("GET", "/buckets/b", "", 200)
	if diff := cmp.Diff(map[string]bool{"log": true}, ill(p)); diff != "" {
		t.Errorf("what the heartbeat says to fail: -want +got\n%s", diff)
	}
	eventually(t, "what the log is refused for", func() error {
		if p.Do("GET", "/__heartbeat__", ""); !strings.Contains(p.Log(), "goes on by itself when its disk has room for 16 MiB") {
			return errors.New(p.Log())
		}
		return nil
	})
	refused(p, "PUT", records+"/full", body)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a write", func() error {
		a := p.Do("PUT", records+"/room", body)
		if a.Status != http.StatusCreated {
			return fmt.Errorf("%s", a)
		}
		stored[records+"/room"] = a.Body
		return nil
	})
	p.well()
	_ = p.Stop(syscall.SIGTERM)
	p = api(t, dir)
	for path, want := range stored {
		if got := p.Do("GET", path, ""); got.Body != want {
			t.Errorf("%s: got %s, was acknowledged as %s", path, got, want)
		}
	}
	p.Must("PUT", records+"/again", body, 201)
	p.well()
}

func TestAReadOnlyDataFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := disk(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	says(t, dir, "read-only file system", "set another one")
}

// says checks that a service does not start on a data folder and tells why.
func says(t *testing.T, dir string, want ...string) {
	t.Helper()
	_, err := try(t, "api", "--config", file(t), "--data", dir, "--listen", "127.0.0.1:0")
	if err == nil {
		t.Fatalf("it starts, want it to say %q", want)
	}
	t.Log(err)
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want it to say %q", err, part)
		}
	}
}

// filled is a data folder with some records, whose service has stopped.
func filled(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	p := api(t, dir)
	populated(p)
	for i := range 20 {
		p.Must("PUT", fmt.Sprintf("%s/r%d", records, i), "", 201)
	}
	if err := p.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return dir
}

// blocks are the files that hold the log.
func blocks(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "log/jetstream/*/streams/kintolog/msgs/*.blk"))
	if err != nil || len(found) == 0 {
		t.Fatalf("got %q, %v, want the files of the log", found, err)
	}
	return slices.Sorted(slices.Values(found))
}

func TestALogThatLostItsEndIsNotServed(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	shorten(t, dir)
	says(t, dir, "last entry is missing", "restore it from a backup")
}

func TestALogThatLostItsEndAndIndexIsNotServed(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	shorten(t, dir)
	if err := os.Remove(filepath.Join(filepath.Dir(blocks(t, dir)[0]), "index.db")); err != nil {
		t.Fatal(err)
	}
	says(t, dir, "ahead of its log", "kintolog rebuild")
}

// shorten takes the end of the last entry.
func shorten(t *testing.T, dir string) {
	t.Helper()
	last := blocks(t, dir)[len(blocks(t, dir))-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-100); err != nil {
		t.Fatal(err)
	}
}

func TestALogThatIsGoneIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	says(t, dir, "ahead of its log", "kintolog rebuild")
}

func TestADamagedLogIsNotServed(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	first := blocks(t, dir)[0]
	content, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 {
		content[len(content)/2+i] ^= 0xff
	}
	if err := os.WriteFile(first, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "readmodel.db")); err != nil {
		t.Fatal(err)
	}
	says(t, dir, "log entry is corrupt", "restore it from a backup")
}

func TestADamagedReadModelIsRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	model := filepath.Join(dir, "readmodel.db")
	if err := os.WriteFile(model, []byte(strings.Repeat("this is not a database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, dir, "readmodel.db", "made from the log", "kintolog rebuild")
	if _, err := try(t, "kintolog", "rebuild", "--config", file(t, "kinto.data_dir = "+dir)); err != nil {
		t.Fatal(err)
	}
	api(t, dir).Must("GET", records+"/r19", "", 200)
}

func TestADataFolderThatIsDeletedIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := api(t, dir, "kinto.heartbeat_timeout_seconds = 1")
	populated(p)
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"log_durable": true}, ill(p)); diff != "" {
		t.Errorf("what the heartbeat says to fail: -want +got\n%s", diff)
	}
	_ = p.Stop(syscall.SIGTERM)
	says(t, dir, "ahead of its log")
}
