package acceptance_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// folder is one with tests in JavaScript, and the published packages that they use.
type folder struct {
	name    string
	install func() error
}

func newFolder(name string) folder {
	return folder{name, sync.OnceValue(func() error { return install(name) })}
}

// install puts packages beside the tests of a folder, at the versions of package-lock.json, unless they are there.
func install(folder string) error {
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	done := filepath.Join(folder, "node_modules", ".installed")
	if installed, err := os.ReadFile(done); err == nil && bytes.Equal(installed, lock) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return os.WriteFile(done, lock, 0o600)
}

// prepare installs the packages, and skips the test where there is no Node.js to do it with.
func (f folder) prepare(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes packages from the registry, and half a minute")
	}
	need(t, "see nodejs.org", "node")
	need(t, "it comes with Node.js", "npm")
	if err := f.install(); err != nil {
		t.Fatal(err)
	}
}

// need is the path of the first of the programs that is installed. Without any of them the test is skipped, which is excused on a
// developer's machine alone.
func need(t *testing.T, remedy string, programs ...string) string {
	t.Helper()
	for _, program := range programs {
		if path, err := exec.LookPath(program); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: %s", programs[0], remedy)
	}
	t.Skipf("SKIPPED, %s is not installed: %s", programs[0], remedy)
	return ""
}

// each runs each file of tests against a server of its own, which start starts, and with more environment variables.
func (f folder) each(t *testing.T, start func(t *testing.T) *server, environment ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(f.name, "*.test.mjs"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", filepath.Base(file))
			cmd.Dir = f.name
			cmd.Env = append(append(os.Environ(), "SERVER="+s.Base), environment...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s\n%s", err, out, s.Log())
			}
			if !bytes.Contains(out, []byte("skipped 0")) {
				t.Errorf("some were skipped, or not run at all:\n%s", out)
			}
		})
	}
}

// A lock with addresses would send everybody to the registry of whoever has written it.
func TestLocksHaveNoAddresses(t *testing.T) {
	t.Parallel()
	for _, f := range []folder{kintojs, kintoadmin} {
		lock, err := os.ReadFile(filepath.Join(f.name, "package-lock.json"))
		if err != nil || bytes.Contains(lock, []byte(`"resolved"`)) || !bytes.Contains(lock, []byte(`"integrity"`)) {
			t.Errorf("the lock of %s has addresses, or no sums: %v; write it with npm install --package-lock-only --omit-lockfile-registry-resolved", f.name, err)
		}
	}
}
