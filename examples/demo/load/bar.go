package main

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// bar shows on standard error how much is done, if that is a terminal. Only add may be called concurrently.
type bar struct {
	total  int
	done   atomic.Int64
	start  time.Time
	stop   chan struct{}
	ended  chan struct{}
	silent bool
}

func newBar(total int) *bar {
	info, err := os.Stderr.Stat()
	b := &bar{total: total, start: time.Now(), stop: make(chan struct{}), ended: make(chan struct{})}
	b.silent = err != nil || info.Mode()&os.ModeCharDevice == 0
	go b.run()
	return b
}

func (b *bar) add(n int) { b.done.Add(int64(n)) }

func (b *bar) run() {
	defer close(b.ended)
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			b.draw()
		case <-b.stop:
			return
		}
	}
}

func (b *bar) draw() {
	if b.silent {
		return
	}
	const width = 40
	done := int(b.done.Load())
	full := width * done / max(b.total, 1)
	fmt.Fprintf(os.Stderr, "\r  %s%s %6d of %d, %.0f a second ", strings.Repeat("█", full), strings.Repeat("░", width-full),
		done, b.total, float64(done)/time.Since(b.start).Seconds())
}

// end draws the last state and goes to a new line.
func (b *bar) end() {
	close(b.stop)
	<-b.ended
	if b.draw(); b.silent {
		done := b.done.Load()
		fmt.Fprintf(os.Stderr, "  %d of %d, %.0f a second", done, b.total, float64(done)/time.Since(b.start).Seconds())
	}
	fmt.Fprintln(os.Stderr)
}
