package faults_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// memory is what a program has resident, in bytes.
func (p *program) memory() int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		p.t.Skipf("SKIPPED: memory is only known on Linux: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kilobytes int
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		p.t.Fatal(err)
	}
	return kilobytes << 10
}

// connections is how many files and sockets a program has open.
func (p *program) connections() int {
	p.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID()))
	if err != nil {
		p.t.Fatal(err)
	}
	return len(open)
}

// goroutines ends a program, which then tells of them.
func (p *program) goroutines() int {
	p.t.Helper()
	_ = p.Stop(syscall.SIGQUIT)
	n := strings.Count(p.Errors(), "\ngoroutine ")
	if n == 0 {
		p.t.Error("it did not tell of its goroutines")
	}
	return n
}
