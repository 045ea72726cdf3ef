package main_test

import (
	"bufio"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kintolog/kintolog/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, "../examples/extended") }

// settings know the resource of the plug-in as they know those of Kinto.
const settings = `[app:main]
kinto.multiauth.policies = basicauth
kinto.userid_hmac_secret = hush
kinto.note_id_generator = uuid4
kinto.note_create_principals = system.Authenticated
`

func TestItIsKintoWithMore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kinto.ini"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := programtest.Command("extended", "-config", "kinto.ini", "-listen", "127.0.0.1:0")
	var problems strings.Builder
	cmd.Dir, cmd.Stderr = dir, &problems
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	said := bufio.NewScanner(stdout)
	said.Scan()
	_, url, serves := strings.Cut(said.Text(), "serves http://")
	if !serves {
		t.Fatalf("got %q\n%s", said.Text(), problems.String())
	}
	host, _, _ := strings.Cut(url, "/")
	ask := func(method, path, body string, status int, has string) {
		t.Helper()
		got, err := programtest.Ask(http.DefaultClient, host, method, path, body)
		if err != nil || got.Status != status || !strings.Contains(got.Body, has) {
			t.Errorf("%s %s: got %s, %v, want %d with %q", method, path, got, err, status, has)
		}
	}
	const id = "6f2f7f3e-2f0a-4a7e-8d0b-0f3a6b6f1c55"
	ask("GET", "/", "", http.StatusOK, `"notes":{"description"`)
	ask("PUT", "/buckets/home", "", http.StatusCreated, "")
	ask("PUT", "/buckets/home/notes/"+id, `{"data":{"text":"by the door"}}`, http.StatusCreated, "by the door")
	ask("PUT", "/buckets/home/notes/"+id, `{"data":{}}`, http.StatusBadRequest, "data.text")
	ask("PUT", "/buckets/home/notes/door", `{"data":{"text":"x"}}`, http.StatusBadRequest, "Invalid object id")
	ask("PUT", "/buckets/home/collections/c", "", http.StatusCreated, "")
	ask("PUT", "/buckets/home/collections/c/records/r", `{"data":{"title":""}}`, http.StatusBadRequest, "It is empty")
	for want := "create /buckets/home/notes/" + id; said.Text() != want; {
		if !said.Scan() {
			t.Fatalf("it ended before it said %q\n%s", want, problems.String())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for said.Scan() { // until it has ended
	}
	if err := cmd.Wait(); err != nil || strings.Contains(problems.String(), "note_") {
		t.Errorf("it ended with %v and said\n%s", err, problems.String())
	}
}
