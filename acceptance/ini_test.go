package acceptance_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// Files as "kinto init" writes them, which are used unchanged.
const (
	memoryFile     = "../config/testdata/init-memory.ini"
	postgresqlFile = "../config/testdata/init-postgresql.ini"
)

// postgresql is the environment that gives the PostgreSQL file a database of the test's own: the operator's would be
// there.
func postgresql(t *testing.T) []string {
	t.Helper()
	url := strings.Replace(pgtest.New(t), "postgres://", "postgresql://", 1)
	return []string{"KINTO_STORAGE_URL=" + url, "KINTO_CACHE_URL=" + url, "KINTO_PERMISSION_URL=" + url}
}

func TestFilesOfKintoInitAreServed(t *testing.T) {
	t.Parallel()
	for _, b := range []struct {
		name, file  string
		environment func(*testing.T) []string
	}{
		{"memory", memoryFile, func(*testing.T) []string { return nil }},
		{"postgresql", postgresqlFile, postgresql},
	} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, absolute(t, b.file), b.environment(t)...)
			readScript(t, "testdata/kinto-init.txt").play(t, s)
		})
	}
}

func TestTheEnvironmentWinsOverTheFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script      string
		environment []string
	}{
		{"paginate-by", []string{"KINTO_PAGINATE_BY=1"}},
		{"backoff", []string{"KINTO_BACKOFF=10"}},
		{"end-is-near", []string{`KINTO_EOS="2126-01-01"`, `KINTO_EOS_URL="http://example.com/farewell"`, `KINTO_EOS_MESSAGE="Boom"`}},
		{"end-has-come", []string{`KINTO_EOS="2016-01-01"`, `KINTO_EOS_MESSAGE="Boom"`}},
		{"readonly", []string{"KINTO_READONLY=true"}},
	} {
		t.Run(c.script, func(t *testing.T) {
			t.Parallel()
			environment := append(c.environment, "KINTO_BUCKET_CREATE_PRINCIPALS=system.Everyone")
			s := start(t, absolute(t, memoryFile), environment...)
			readScript(t, "testdata/environment/"+c.script+".txt").play(t, s)
		})
	}
}

// Not parallel, so that no other test takes the time.
func TestItStartsAtOnce(t *testing.T) { //nolint:paralleltest // it measures
	fastest := time.Hour
	for range 5 {
		fastest = min(fastest, timeToServe(t))
	}
	if fastest > 500*time.Millisecond {
		t.Errorf("it took %v to start, of five times", fastest)
	}
}

// timeToServe starts the program, and returns how long it takes until it can be asked.
func timeToServe(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	s := start(t, absolute(t, memoryFile))
	if got, err := s.send(request{method: "GET", target: "/v1/"}); err != nil || got.status != 200 {
		t.Fatalf("got %d, %v", got.status, err)
	}
	return time.Since(begin)
}

func TestAWrongFileIsRefusedInWords(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), binary, "--config", absolute(t, memoryFile), "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = append(withoutSettings(cmd.Environ()), "KINTO_PAGINATE_BY=many")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "paginate_by") || strings.Contains(string(out), "goroutine") {
		t.Errorf("got %v: %s", err, out)
	}
}
