package main_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, "kintolog") }

// place is a folder in which the program runs.
type place struct {
	t   *testing.T
	dir string
	env []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	return &place{t: t, dir: t.TempDir()}
}

func (p *place) command(args ...string) *exec.Cmd {
	cmd := programtest.Command("kintolog", args...)
	cmd.Dir, cmd.Env = p.dir, append(p.env, "PATH="+os.Getenv("PATH"), "HOME="+p.dir)
	return cmd
}

// run runs a command to its end.
func (p *place) run(stdin string, args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	cmd := p.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		p.t.Fatalf("%q: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// must runs a command that is to succeed, and returns what it says.
func (p *place) must(args ...string) string {
	p.t.Helper()
	code, stdout, stderr := p.run("", args...)
	if code != 0 {
		p.t.Fatalf("%q: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

// set adds settings to the file that init wrote.
func (p *place) set(lines ...string) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.dir, "config/kinto.ini"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// server is a program that serves.
type server struct {
	*programtest.Process
	t *testing.T
}

func (p *place) start(args ...string) *server {
	p.t.Helper()
	return &server{programtest.Start(p.t, p.command(append([]string{"start", "--port", "0"}, args...)...)), p.t}
}

// do makes a request with the credentials "user:password".
func (s *server) do(credentials, method, path, body string) (programtest.Answer, error) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	return programtest.Ask(http.DefaultClient, s.Host, method, path, body, "Authorization", basic)
}

func (s *server) must(credentials, method, path, body string, want int) string {
	s.t.Helper()
	answer, err := s.do(credentials, method, path, body)
	if err != nil || answer.Status != want {
		s.t.Fatalf("%s %s: got %s, %v, want %d\n%s", method, path, answer, err, want, s.Log())
	}
	return answer.Body
}

func (s *server) end() {
	s.t.Helper()
	if err := s.Stop(syscall.SIGTERM); err != nil {
		s.t.Errorf("SIGTERM ended it with %v\n%s", err, s.Log())
	}
}

const admin, records = "admin:s3cret", "/buckets/b/collections/c/records"

// filled is a place with a service of its own, which has some records and tombstones and does not run.
func filled(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	p.must("init")
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	s := p.start()
	s.must(admin, "PUT", "/buckets/b", "", 201)
	s.must(admin, "PUT", "/buckets/b/collections/c", "", 201)
	for i := range 6 {
		s.must(admin, "PUT", fmt.Sprintf("%s/r%d", records, i), fmt.Sprintf(`{"data":{"i":%d}}`, i), 201)
	}
	for i := range 4 {
		s.must(admin, "DELETE", fmt.Sprintf("%s/r%d", records, i), "", 200)
	}
	s.end()
	return p
}

// all is what a client sees of the records, tombstones included.
func (s *server) all() string { return s.must(admin, "GET", records+"?_since=0&_sort=id", "", 200) }

func TestFromNothingToALogin(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if out := p.must("init"); !strings.Contains(out, "config/kinto.ini is written") {
		t.Errorf("init said %q", out)
	}
	if out := p.must("create-user", "--username", "admin", "--password", "s3cret"); out != "The account admin is saved.\n" {
		t.Errorf("create-user said %q", out)
	}
	s := p.start()
	if got := s.must(admin, "GET", "/", "", 200); !strings.Contains(got, `"id":"account:admin"`) {
		t.Errorf("logged in as %s", got)
	}
	s.must(admin, "PUT", "/buckets/b", "", 201)
	s.must("admin:wrong", "PUT", "/buckets/b2", "", 401)
	code, _, stderr := p.run("", "create-user", "-u", "bob", "-p", "x")
	if code != 1 || !strings.Contains(stderr, "in use by another process") || !strings.Contains(stderr, "stop the service") {
		t.Errorf("create-user beside the service: %d, %q", code, stderr)
	}
	s.end()
	p.must("create-user", "-u", "admin", "-p", "another")
	s = p.start()
	s.must(admin, "GET", "/accounts/admin", "", 401)
	s.must("admin:another", "GET", "/accounts/admin", "", 200)
}

func TestRebuildOfAReadModelThatIsGone(t *testing.T) {
	t.Parallel()
	p := filled(t)
	s := p.start()
	want := s.all()
	code, _, stderr := p.run("", "rebuild")
	if code != 1 || !strings.Contains(stderr, "stop the service") {
		t.Errorf("rebuild beside the service: %d, %q", code, stderr)
	}
	s.end()
	for _, damage := range []func(string) error{
		func(string) error { return nil },
		os.Remove,
		func(file string) error { return os.WriteFile(file, []byte(strings.Repeat("no database", 1000)), 0o600) },
	} {
		if err := damage(filepath.Join(p.dir, "data/readmodel.db")); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := p.run("", "rebuild")
		if code != 0 || !strings.HasPrefix(stdout, "The read model is made anew from ") || stderr != "" {
			t.Fatalf("rebuild: %d, %q, %q", code, stdout, stderr)
		}
		if files, _ := filepath.Glob(filepath.Join(p.dir, "data/readmodel.db*")); len(files) != 1 {
			t.Errorf("left are %v", files)
		}
		if out := p.must("status"); !strings.Contains(out, "lag         0\nquarantine  0\n") {
			t.Errorf("status said %q", out)
		}
		s := p.start()
		if got := s.all(); got != want {
			t.Errorf("rebuilt\n%s\nbefore\n%s", got, want)
		}
		s.end()
	}
}

func TestCommandsWaitForAReadModelThatIsGone(t *testing.T) {
	t.Parallel()
	p := filled(t)
	p.env = append(p.env, "KINTO_MAX_LAG=1")
	for command, want := range map[string]string{
		"create-user -u other -p x": "The account other is saved.\n", "purge-deleted record 1": "record       3 tombstones purged\n",
	} {
		if err := os.Remove(filepath.Join(p.dir, "data/readmodel.db")); err != nil {
			t.Fatal(err)
		}
		if out := p.must(strings.Fields(command)...); out != want {
			t.Errorf("%s said %q, want %q", command, out, want)
		}
	}
}

func TestPurgedTombstonesStayGone(t *testing.T) {
	t.Parallel()
	p := filled(t)
	if out := p.must("purge-deleted", "record", "1"); out != "record       3 tombstones purged\n" {
		t.Errorf("purge-deleted said %q", out)
	}
	s := p.start()
	want := s.all()
	if strings.Count(want, `"deleted":true`) != 1 || !strings.Contains(want, `"r3"`) || !strings.Contains(want, `"r5"`) {
		t.Errorf("after it there are %s", want)
	}
	s.end()
	p.must("rebuild")
	s = p.start()
	if got := s.all(); got != want {
		t.Errorf("rebuilt\n%s\nbefore\n%s", got, want)
	}
	s.end()
	if out := p.must("purge-deleted", "0"); strings.Contains(out, "idempotency") || strings.Count(out, "purged\n") != 5 {
		t.Errorf("purge-deleted said %q, want a line for each resource that people know", out)
	}
	if got := p.start().all(); strings.Contains(got, "deleted") {
		t.Errorf("after all were purged there are %s", got)
	}
}

func TestDerivedHistoryIsRebuilt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init")
	p.env = []string{"KINTO_INCLUDES=kinto.plugins.accounts kinto.plugins.history"}
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	s := p.start()
	s.must(admin, "PUT", "/buckets/b", "", 201)
	s.must(admin, "PUT", "/buckets/b/collections/c", "", 201)
	for i := range 5 {
		s.must(admin, "PUT", fmt.Sprintf("%s/r%d", records, i), "", 201)
		s.must(admin, "DELETE", "/buckets/b/history?_limit=1", "", 200)
	}
	s.end()
	p.must("purge-deleted", "2")
	s = p.start()
	const history = "/buckets/b/history?_since=0"
	want := s.must(admin, "GET", history, "", 200)
	if strings.Count(want, `"deleted":true`) != 2 || !strings.Contains(want, `"create"`) {
		t.Errorf("the history is %s", want)
	}
	s.end()
	p.must("rebuild")
	if got := p.start().must(admin, "GET", history, "", 200); got != want {
		t.Errorf("rebuilt\n%s\nbefore\n%s", got, want)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init", "--backend", "sqlite", "--cache-backend", "memory", "--host", "127.0.0.1")
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	empty, accounts, readonly := newPlace(t), newPlace(t), newPlace(t)
	empty.must("init")
	empty.set("kinto.event_listeners = hook", "kinto.event_listeners.hook.use = webhook", "kinto.event_listeners.hook.url = http://127.0.0.1:1/")
	accounts.must("init")
	accounts.env = []string{"KINTO_INCLUDES="}
	readonly.must("init")
	readonly.set("kinto.readonly = true")
	if err := os.Mkdir(filepath.Join(readonly.dir, "data"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    *place
		args string
		code int
		says string
	}{
		{p, "", 2, "a subcommand is missing"},
		{p, "statsu", 2, `there is no subcommand "statsu"; did you mean status?`},
		{p, "status --nonsense", 2, "unknown flag: --nonsense"},
		{p, "version more", 2, "takes no arguments"},
		{p, "status -q -v", 2, "[quiet verbose]"},
		{p, "init", 1, "config/kinto.ini already exists.\n"},
		{p, "init --ini x.ini --backend oracle", 2, `--backend cannot be "oracle"`},
		{p, "init --ini y.ini --host a:1", 2, `--host cannot be "a:1"`},
		{p, "status --ini a --config b", 2, "[config ini]"},
		{empty, "status", 1, "there is no data folder"},
		{empty, "rebuild", 1, "there is no data folder"},
		{empty, "purge-deleted 1", 1, "there is no data folder"},
		{empty, "undelivered hook", 1, "there is no data folder"},
		{newPlace(t), "status", 1, "there is no data folder"},
		{p, "status --config nowhere.ini", 1, "nowhere.ini"},
		{p, "start --port none", 2, `invalid argument "none" for "--port" flag`},
		{p, "purge-deleted", 2, "how many"},
		{p, "purge-deleted record", 2, "must be a number"},
		{p, "purge-deleted -- record -1", 2, "must be a number"},
		{p, "purge-deleted records 1", 2, `there is no resource "records"; there are ["bucket" "group" "collection" "record" "account"]`},
		{p, "undelivered", 2, "needs the name of a listener"},
		{p, "undelivered hook", 2, `there is no listener "hook" in event_listeners`},
		{p, "undelivered hook --drop --replay", 2, "[drop replay]"},
		{p, "projector", 1, "the log is embedded"},
		{p, "create-user -u no/name -p x", 2, "cannot be the name of an account"},
		{readonly, "create-user -u a -p b", 51, "read-only"},
		{readonly, "purge-deleted 1", 1, "read-only"},
		{accounts, "create-user -u a -p b", 52, "kinto.plugins.accounts"},
		{newPlace(t), "create-user -u a -p b", 52, "kinto.plugins.accounts"},
		{p, "create-user -u a", 53, "aborted"},
	} {
		code, _, stderr := c.p.run("", strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("kintolog %s: %d, %q, want %d, %q", c.args, code, stderr, c.code, c.says)
		}
	}
	if code, _, stderr := p.run("", "init"); code != 1 || stderr != "config/kinto.ini already exists.\n" {
		t.Errorf("a second init: %d, %q", code, stderr)
	}
}

func TestStartTakesTheFlagOfKintoThatHasNoEffect(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init")
	s := p.start("--reload")
	s.end()
	if got := s.Log(); !strings.Contains(got, "--reload") || !strings.Contains(got, "no effect") {
		t.Errorf("start --reload said %q", got)
	}
}

func TestHelpEverywhere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	root := p.must("--help")
	for _, name := range []string{
		"init", "start", "projector", "migrate", "create-user", "flush-cache", "purge-deleted", "rebuild", "status", "undelivered", "version",
	} {
		if !strings.Contains(root, "  "+name) {
			t.Errorf("help does not list %s", name)
		}
		if out := p.must(name, "--help"); !strings.Contains(out, "kintolog "+name) || !strings.Contains(out, "--config FILE") {
			t.Errorf("the help of %s is %s", name, out)
		}
	}
	if out := p.must("version"); len(strings.Fields(out)) != 1 {
		t.Errorf("version said %q", out)
	}
}

func TestPasswordsFromAPipe(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init")
	code, _, stderr := p.run("no/name\nalice\none\ntwo\nsame\nsame\n", "create-user")
	if code != 0 || !strings.Contains(stderr, "They differ") {
		t.Errorf("create-user: %d, %q", code, stderr)
	}
	if code, _, _ := p.run("x\n", "create-user", "-u", "bob"); code != 53 {
		t.Errorf("with one password: %d, want 53", code)
	}
	p.start().must("alice:same", "GET", "/accounts/alice", "", 200)
}

func TestMigrateAndFlushCache(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init")
	for range 2 {
		if out := p.must("migrate", "--dry-run"); !strings.HasPrefix(out, "To be done:\n  00001") {
			t.Errorf("the dry run said %q", out)
		}
	}
	if _, err := os.Stat(filepath.Join(p.dir, "data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dry run makes a data folder: %v", err)
	}
	if out := p.must("migrate"); !strings.HasPrefix(out, "Done:\n  00001") {
		t.Errorf("migrate said %q", out)
	}
	if out := p.must("migrate"); out != "The schema is up to date.\n" {
		t.Errorf("migrate said %q", out)
	}
	if out := p.must("flush-cache"); !strings.HasPrefix(out, "There is nothing to do") {
		t.Errorf("flush-cache said %q", out)
	}
	p.env = []string{"KINTO_CACHE_BACKEND=shared"}
	if out := p.must("flush-cache"); out != "The cache is empty.\n" {
		t.Errorf("flush-cache said %q", out)
	}
	p.env = []string{"KINTO_STORAGE_BACKEND=kinto.core.storage.memory"}
	if out := p.must("migrate"); !strings.HasPrefix(out, "There is nothing to do") {
		t.Errorf("migrate said %q of a service that keeps nothing", out)
	}
}

func TestWhatAWebhookDidNotTakeIsDeliveredAgainOrDropped(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	away.Store(true)
	taken := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		taken <- r.Header.Get("Idempotency-Key")
	}))
	t.Cleanup(receiver.Close)
	p := newPlace(t)
	p.must("init", "--backend", "sqlite", "--cache-backend", "memory", "--host", "127.0.0.1")
	p.set("kinto.event_listeners = hook", "kinto.event_listeners.hook.use = webhook",
		"kinto.event_listeners.hook.url = "+receiver.URL, "kinto.event_listeners.hook.retries = 0",
		"kinto.event_listeners.hook.operators = system.Everyone",
		"kinto.max_id_bytes = 36") // which is less than ids of events have
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	s := p.start()
	for _, bucket := range []string{"b1", "b2", "b3"} {
		s.must(admin, "PUT", "/buckets/"+bucket, "", 201)
	}
	for deadline := time.Now().Add(20 * time.Second); strings.Count(s.must(admin, "GET", "/__listeners__/hook/undelivered", "", 200), `"event"`) < 3; {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is set aside\n%s", s.Log())
		}
	}
	s.end()

	lines := strings.Split(strings.TrimSpace(p.must("undelivered", "hook")), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "create /buckets/b1") || !strings.Contains(lines[2], "502 Bad Gateway") {
		t.Fatalf("got %q, want three creations in their order", lines)
	}
	event := func(i int) string { id, _, _ := strings.Cut(lines[i], " "); return id }
	if code, _, stderr := p.run("", "undelivered", "hook", "--replay"); code != 1 || !strings.Contains(stderr, "502 Bad Gateway") {
		t.Errorf("replay to who is away: got %d %s", code, stderr)
	}
	if code, _, stderr := p.run("", "undelivered", "hook", "--drop", event(0), "none"); code != 2 || !strings.Contains(stderr, "none is not set aside") {
		t.Errorf("drop what is not there: got %d %s", code, stderr)
	}
	away.Store(false)
	if got := p.must("undelivered", "hook", "--drop", event(1)); !strings.Contains(got, "/buckets/b2") || strings.Contains(got, "/buckets/b1") {
		t.Errorf("drop: got %q, want b2 alone", got)
	}
	p.must("undelivered", "hook", "--replay")
	close(taken)
	var got []string
	for id := range taken {
		got = append(got, id)
	}
	if want := []string{event(0), event(2)}; !slices.Equal(got, want) {
		t.Errorf("replay: got %q, want %q", got, want)
	}
	if got := p.must("undelivered", "hook"); got != "" {
		t.Errorf("got %q after all, want nothing", got)
	}
}
