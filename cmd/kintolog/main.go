// Command kintolog operates the service: it writes a settings file, serves, and does what is to be done beside serving, such
// as creating users, rebuilding the read model and forgetting old tombstones. "kintolog help" lists it all.
//
// Every subcommand is a file; root.go has what they share, exit.go the exit codes. What they do is in package
// server, and in cmd/internal/app what settings mean.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
