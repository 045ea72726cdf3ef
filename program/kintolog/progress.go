package kintolog

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/kintolog/kintolog/domain"
)

// progress is a bar for people who watch: nothing is shown if stderr is no terminal. done removes it.
func progress(g *globals, what string) (show func(now, total domain.Position), done func()) {
	if g.quiet || !term.IsTerminal(int(os.Stderr.Fd())) {
		return func(_, _ domain.Position) {}, func() {}
	}
	bar := progressbar.NewOptions64(1,
		progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("entries"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())
	show = func(now, total domain.Position) {
		bar.ChangeMax64(int64(total))
		_ = bar.Set64(int64(now)) // whether it can be drawn does not matter
	}
	return show, func() { _ = bar.Clear() }
}
