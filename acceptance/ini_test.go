package acceptance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/internal/programtest"
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
		{"max-page-bytes", []string{"KINTO_MAX_PAGE_BYTES=150"}},
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

// BenchmarkStart is how long the program takes until it can be asked.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		p := programtest.Start(b, command(b, absolute(b, memoryFile)))
		if got := p.Do("GET", "/", ""); got.Status != 200 {
			b.Fatalf("got %s", got)
		}
		p.Signal(os.Kill) // what it takes to stop does not count
	}
}

func TestAWrongFileIsRefusedInWords(t *testing.T) {
	t.Parallel()
	out, err := command(t, absolute(t, memoryFile), "KINTO_PAGINATE_BY=many").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "paginate_by") || strings.Contains(string(out), "goroutine") {
		t.Errorf("got %v: %s", err, out)
	}
}
