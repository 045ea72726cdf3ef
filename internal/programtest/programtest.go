// Package programtest runs the programs of this module in tests, as their users do: built, as processes of their own, and
// asked over HTTP.
//
// [Main] builds them, [Start] runs one, [Process.Must] asks it.
package programtest

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
)

// folder of the programs that Main has built.
var folder string

// Main builds programs, which are folders below cmd, such as "api" or "../examples/todo", once for all tests of a package, runs the tests, and ends the process
// with their exit code. It is for TestMain.
func Main(m *testing.M, programs ...string) {
	os.Exit(run(m, programs))
}

func run(m *testing.M, programs []string) int {
	var err error
	if folder, err = os.MkdirTemp("", "kintolog-programs-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	args := []string{"build", "-o", folder + string(os.PathSeparator)}
	for _, name := range programs {
		args = append(args, path.Join("github.com/kintolog/kintolog/cmd", name))
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil { //nolint:noctx // there is no test yet
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	return m.Run()
}

// Command is a program that Main has built, to be run.
func Command(program string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(folder, program), args...) //nolint:noctx // a test ends it with the signal that it is about
}
