package main_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kintolog/kintolog/config"
)

// terminal is a command that talks to a person.
type terminal struct {
	t      *testing.T
	person *os.File
	heard  bytes.Buffer
	wait   func() error
}

func (p *place) talk(args ...string) *terminal {
	p.t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Skipf("no pseudo-terminals here: %v", err)
	}
	p.t.Cleanup(func() { _ = person.Close() })
	number := 0
	err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	if err == nil {
		number, err = unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := p.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	_ = screen.Close()
	return &terminal{t: p.t, person: person, wait: cmd.Wait}
}

// expect reads until the program has said the text, and then types the answer.
func (c *terminal) expect(text, answer string) {
	c.t.Helper()
	buf := make([]byte, 1)
	said := ""
	for !strings.HasSuffix(said, text) {
		n, err := c.person.Read(buf)
		if err != nil {
			c.t.Fatalf("it said %q, want %q: %v", said, text, err)
		}
		said += string(buf[:n])
		c.heard.Write(buf[:n])
	}
	if _, err := c.person.WriteString(answer); err != nil {
		c.t.Fatal(err)
	}
}

// end waits for the end of the program, and returns all that it showed.
func (c *terminal) end() (string, error) {
	_, _ = io.Copy(&c.heard, c.person) // ends with an error when the other side is closed
	err := c.wait()
	return c.heard.String(), err
}

func TestInitAsksUntilItUnderstands(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	c := p.talk("init", "--ini", "new.ini")
	c.expect("[sqlite]: ", "oracle\n")
	c.expect("[sqlite]: ", "postgresql\n")
	c.expect("[memory]: ", "maybe\n")
	c.expect("[memory]: ", "shared\n")
	c.expect("[127.0.0.1]: ", "\n")
	if said, err := c.end(); err != nil {
		t.Fatalf("init: %v\n%s", err, said)
	}
	s, _, err := config.Load(filepath.Join(p.dir, "new.ini"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Storage.ReadModel != config.PostgreSQL || s.Storage.Cache.Backend != config.Shared || s.Server.Host != "127.0.0.1" {
		t.Errorf("the settings are %+v, %+v", s.Storage, s.Server)
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init")
	c := p.talk("create-user")
	c.expect("Username (letters, digits and + . @ _ -): ", "no/name\n")
	c.expect("Username (letters, digits and + . @ _ -): ", "alice\n")
	c.expect("Password: ", "invisible\n")
	c.expect("Repeat it: ", "invisible\n")
	said, err := c.end()
	if err != nil || strings.Contains(said, "invisible") || !strings.Contains(said, "alice is saved") {
		t.Errorf("create-user: %v\n%s", err, said)
	}
	p.start().must("alice:invisible", "GET", "/accounts/alice", "", 200)
}

func TestAnInterruptedQuestionAborts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must("init")
	c := p.talk("create-user", "-u", "alice")
	c.expect("Password: ", "\x03")
	said, err := c.end()
	if err == nil || err.Error() != "exit status 53" {
		t.Errorf("create-user: %v, want exit status 53\n%s", err, said)
	}
}

func TestRebuildShowsItsProgress(t *testing.T) {
	t.Parallel()
	p := filled(t)
	said, err := p.talk("rebuild").end()
	if err != nil || !strings.Contains(said, "\rrebuild ") || !strings.Contains(said, "%") {
		t.Errorf("rebuild: %v\n%q", err, said)
	}
}
