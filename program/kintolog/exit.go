package kintolog

import (
	"errors"
	"fmt"
	"io"
)

// Exit codes, beside 0 for success (protocol 12).
const (
	exitFailure    = 1
	exitUsage      = 2
	exitReadOnly   = 51 // create-user: the service is read-only
	exitNoAccounts = 52 // create-user: the service has no accounts
	exitAborted    = 53 // create-user: the input ended or was interrupted
)

// exit is an error with a code of its own, told as it is.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string { return e.err.Error() }
func (e exit) Unwrap() error { return e.err }

// usage is an error of whoever typed the command.
func usage(format string, args ...any) error { return exit{exitUsage, fmt.Errorf(format, args...)} }

// tell prints an error, and returns the code to exit with.
func tell(stderr io.Writer, command string, err error) int {
	if err == nil {
		return 0
	}
	e, own := errors.AsType[exit](err)
	switch {
	case !own:
		_, _ = fmt.Fprintf(stderr, "kintolog: %v\n", err)
		return exitFailure
	case e.code == exitUsage:
		_, _ = fmt.Fprintf(stderr, "kintolog: %v\nSee '%s --help'.\n", err, command)
	default:
		_, _ = fmt.Fprintln(stderr, err)
	}
	return e.code
}
