package pgtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNotInstalled is returned when no PostgreSQL is found on this machine.
var ErrNotInstalled = errors.New("PostgreSQL is not installed" +
	" (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql;" +
	" or set " + EnvURL + " to a server that runs)")

// installFolders are the places where packages put PostgreSQL without putting
// it in PATH. Within a pattern the highest version wins.
var installFolders = []string{
	"/usr/lib/postgresql/[1-9][0-9]/bin", // Debian, Ubuntu
	"/usr/pgsql-[1-9][0-9]/bin",          // PostgreSQL's own RPMs
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/latest/bin",
}

// findBinaries returns the folder that holds the programs of the server.
func findBinaries(ctx context.Context) (string, error) {
	for _, folder := range candidates(ctx) {
		if isComplete(folder) {
			return folder, nil
		}
	}
	return "", ErrNotInstalled
}

func candidates(ctx context.Context) []string {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		// A link to one program does not mean that the others are beside it.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, pattern := range installFolders {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.Reverse(found)
		folders = append(folders, found...)
	}
	return folders
}

func isComplete(folder string) bool {
	for _, program := range []string{"initdb", "pg_ctl", "postgres"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}
