package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestParseStatFindsItsFieldsBehindAnyName(t *testing.T) {
	t.Parallel()
	const rest = " S 42 1 1 0 -1 4194560 1 2 3 4 150 50 7 3 20 0 1 0 100 1 1\n"
	want := stat{parent: 42, used: 2 * time.Second, reaped: 100 * time.Millisecond}
	for _, name := range []string{"(api)", "(a b)", "(a) S 9)", "()"} {
		if got, err := parseStat([]byte("7 " + name + rest)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
	for _, line := range []string{"", "7 (api) S 42", "7 (api) S x 1 1 0 -1 4194560 1 2 3 4 150 50 7 3 20 0\n"} {
		if got, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q: got %+v, want an error", line, got)
		}
	}
}

func TestMetersSeeThisProcessAndItsChildren(t *testing.T) {
	t.Parallel()
	family := familyCPU(os.Getpid())
	before, err := family()
	if err != nil {
		t.Fatal(err)
	}
	const busy = `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`
	if err := exec.CommandContext(t.Context(), "sh", "-c", busy).Run(); err != nil {
		t.Fatal(err)
	}
	after, err := family()
	if err != nil {
		t.Fatal(err)
	}
	if after < before+tick {
		t.Errorf("with a child that has ended: got %v more, want at least %v", after-before, tick)
	}
	both, err := together(processCPU(os.Getpid()), family)()
	if err != nil || both < after {
		t.Errorf("together: got %v, %v, want at least %v", both, err, after)
	}
	if _, err := processCPU(1 << 30)(); err == nil {
		t.Error("a process that is not there: got no error, want one")
	}
}
