package kintolog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

var errAborted = errors.New("aborted")

// prompt asks a person, or reads the lines of a pipe. It asks on stderr.
type prompt struct {
	ctx      context.Context //nolint:containedctx // lives as long as one command
	lines    *bufio.Reader
	terminal bool
}

func newPrompt(ctx context.Context) *prompt {
	return &prompt{ctx, bufio.NewReader(os.Stdin), term.IsTerminal(int(os.Stdin.Fd()))}
}

// ask returns one line, without blanks around it. It is errAborted if the input ends, or the context.
func (p *prompt) ask(question string) (string, error) {
	answer, err := p.read(question, func() (string, error) { return p.lines.ReadString('\n') })
	return strings.TrimSpace(answer), err
}

// twice returns a password that was given twice, without showing it; "" if the two differ.
func (p *prompt) twice() (string, error) {
	first, err := p.secret("Password: ")
	if err != nil {
		return "", err
	}
	second, err := p.secret("Repeat it: ")
	if err == nil && (first != second || first == "") {
		_, _ = fmt.Fprintln(os.Stderr, "They differ, or are empty. Once more:")
		return "", nil
	}
	return second, err
}

func (p *prompt) secret(question string) (string, error) {
	if !p.terminal {
		answer, err := p.read(question, func() (string, error) { return p.lines.ReadString('\n') })
		return strings.TrimRight(answer, "\r\n"), err
	}
	// What is typed must not show from the moment on at which the question can be seen.
	stdin := int(os.Stdin.Fd())
	visible, err := term.MakeRaw(stdin)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(stdin, visible) }() // also when it was interrupted
	screen := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stderr}, "")
	return p.read("", func() (string, error) { return screen.ReadPassword(question) })
}

// read waits for an answer or for the end of the context. A last line without an end counts.
func (p *prompt) read(question string, line func() (string, error)) (string, error) {
	_, _ = fmt.Fprint(os.Stderr, question)
	type reply struct {
		text string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		text, err := line()
		replies <- reply{text, err}
	}()
	select {
	case r := <-replies:
		if r.err != nil && r.text == "" {
			return "", errAborted
		}
		return r.text, nil
	case <-p.ctx.Done():
		return "", errAborted
	}
}
