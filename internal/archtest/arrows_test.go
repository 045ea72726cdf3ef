package archtest_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/internal/archtest"
)

func TestEveryImportFollowsTheArrows(t *testing.T) {
	t.Parallel()
	packages := load(t, filepath.Join("..", ".."))
	self := slices.IndexFunc(packages, func(p archtest.Package) bool { return p.Path == "internal/archtest" })
	if self < 0 || !slices.Contains(packages[self].Imports, "slices") {
		t.Fatalf("the packages were not read: got %+v", packages)
	}
	for _, p := range packages {
		for _, violation := range archtest.Violations(p) {
			t.Error(violation)
		}
	}
}

func TestViolationsJudgesAMadeUpImport(t *testing.T) {
	t.Parallel()
	const (
		pgx  = "github.com/jackc/pgx/v5"
		nats = "github.com/nats-io/nats.go/jetstream"
		mux  = "github.com/gorilla/mux"
	)
	local := func(path string) string { return archtest.Module + "/" + path }
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"domain", "net/url", true},
		{"domain", local("domain/rest"), true},
		{"domain/rest", "github.com/go-json-experiment/json/jsontext", true},
		{"domain", mux, false},
		{"domain", "github.com/google/uuidfake", false},
		{"domain", local("eventstore"), false},
		{"domain/ids", local("kinto"), false},
		{"domain", archtest.Module, false},
		{"domainfake", local("eventstore"), true},
		{"eventstore/memlog", local("domain"), true},
		{"eventstore", local("projections"), false},
		{"eventstore", nats, false},
		{"eventstore/feed", nats, false},
		{"eventstore/jetstream", nats, true},
		{"projections", local("eventstore"), true},
		{"projections", pgx, false},
		{"projections/internal/sqlquery", pgx, false},
		{"projections/postgres", pgx + "/pgxpool", true},
		{"projections/sqlite", "modernc.org/sqlite", true},
		{"projections/sqlite", local("readapi"), false},
		{"readapi", mux, true},
		{"readapi", local("domain/rest"), true},
		{"readapi", local("eventstore"), false},
		{"readapi", local("projections"), false},
		{"readapi", local("writeapi"), false},
		{"writeapi", local("readapi"), false},
		{"writeapi", local("eventstore/jetstream"), false},
		{"writeapi", local("internal/pgtest"), false},
		{"kinto", local("domain/rest"), true},
		{"kinto", local("writeapi"), false},
		{"kinto/accounts", local("writeapi"), true},
		{"kinto/accounts", local("projections"), false},
		{"tracing", local("projections"), true},
		{"tracing", local("web"), false},
		{"cmd/internal/wire", local("projections/postgres"), true},
		{"cmd/internal/wire", nats, true},
		{"cmd/internal/wire", pgx, false},
		{"cmd/api", local("internal/pgtest"), false},
		{"cmd/api", "testing", false},
		{"cmd/bench", local("internal/pgtest"), true},
		{"eventstore/logtest", "testing", true},
		{"projections/backendtest", local("eventstore/logtest"), true},
		{"readapi", "net/http/httptest", false},
		{"eventstore/jetstream", local("eventstore/logtest"), false},
		{"examples/demo", nats, true},
	} {
		got := archtest.Violations(archtest.Package{Path: c.from, Imports: []string{"fmt", c.to}})
		if allowed := len(got) == 0; allowed != c.allowed {
			t.Errorf("%s imports %s: got allowed %v, want %v", c.from, c.to, allowed, c.allowed)
		}
	}
}

// load reads the imports from the files themselves rather than from `go list`:
// that covers every operating system and code that does not compile yet, and
// `go test` runs this test again, not from its cache, when one of them changes.
func load(t *testing.T, root string) []archtest.Package {
	t.Helper()
	imports := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && isApart(path):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		found, err := importsOf(path)
		imports[folder] = append(imports[folder], found...)
		return err
	})
	if err != nil {
		t.Fatalf("read the module: %v", err)
	}
	var packages []archtest.Package
	for folder, paths := range imports {
		path := strings.TrimPrefix(filepath.ToSlash(folder), ".")
		slices.Sort(paths)
		packages = append(packages, archtest.Package{Path: path, Imports: slices.Compact(paths)})
	}
	return packages
}

// isApart reports whether the go command leaves a folder out of the module.
func isApart(folder string) bool {
	name := filepath.Base(folder)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func importsOf(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		paths = append(paths, imported)
	}
	return paths, nil
}
