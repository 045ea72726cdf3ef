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

// kintojs is where the tests in JavaScript are.
const kintojs = "kintojs"

// install puts the published client beside the tests, at the versions of package-lock.json, unless it is there.
var install = sync.OnceValue(func() error {
	lock, err := os.ReadFile(filepath.Join(kintojs, "package-lock.json"))
	if err != nil {
		return err
	}
	done := filepath.Join(kintojs, "node_modules", ".installed")
	if installed, err := os.ReadFile(done); err == nil && bytes.Equal(installed, lock) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = kintojs
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return os.WriteFile(done, lock, 0o600)
})

// TestKintoJS runs each file of tests in JavaScript against a server of its own.
func TestKintoJS(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes the client from the registry, and half a minute")
	}
	needNode(t)
	if err := install(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(kintojs, "*.test.mjs"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s := start(t, absolute(t, filepath.Join(kintojs, "kinto.ini")))
			cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", filepath.Base(file))
			cmd.Dir = kintojs
			cmd.Env = append(os.Environ(), "SERVER="+s.Base)
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

// needNode skips a test where there is no Node.js, which is excused on a developer's machine alone.
func needNode(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("SKIPPED, %s is not installed", program)
	}
}

func absolute(t testing.TB, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// A lock with addresses would send everybody to the registry of whoever has written it.
func TestTheLockHasNoAddresses(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile(filepath.Join(kintojs, "package-lock.json"))
	if err != nil || bytes.Contains(lock, []byte(`"resolved"`)) || !bytes.Contains(lock, []byte(`"integrity"`)) {
		t.Errorf("the lock has addresses, or no sums: %v; write it with npm install --package-lock-only --omit-lockfile-registry-resolved", err)
	}
}
