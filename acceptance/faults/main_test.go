package faults_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// programs is the folder of the programs under test, built once.
var programs string

// soak makes everything longer.
var soak = os.Getenv("KINTOLOG_SOAK") == "1"

// longer is the first value, or the second one in a soak.
func longer[T any](short, long T) T {
	if soak {
		return long
	}
	return short
}

func TestMain(m *testing.M) {
	if settings := os.Getenv(nodeVariable); settings != "" {
		serveNode(settings)
		return
	}
	dir, err := os.MkdirTemp("", "kintolog-faults-")
	if err != nil {
		panic(err)
	}
	programs = dir
	if out, err := exec.Command("go", "build", "-o", dir+"/", "../../cmd/api", "../../cmd/projector").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
