package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// mender watches a server, and starts it again when that helps: a stream that could not write once, as on a full disk, takes
// nothing any more, and does not answer either, even when there is room again.
type mender struct {
	stop context.CancelFunc
	done sync.WaitGroup
	ill  bool // at the last look

	mu  sync.Mutex
	err error // why the server does not write
}

// often is the time between two looks.
const often = 2 * time.Second

func (m *mender) begin(s *Server) {
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.done.Go(func() {
		ticks := time.NewTicker(often)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				m.found(s.mend())
			case <-ctx.Done():
				return
			}
		}
	})
}

func (m *mender) end() {
	if m.stop != nil {
		m.stop()
		m.done.Wait()
	}
}

func (m *mender) found(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Err is why the server does not write, as it was a moment ago; nil if it does. It writes again by itself once there is [Room].
func (s *Server) Err() error {
	s.mender.mu.Lock()
	defer s.mender.mu.Unlock()
	return s.mender.err
}

// mend returns why the server does not write, after it has started it again if its folder has room. What was not so at the last
// look may be about to pass, as a stream that is being made.
func (s *Server) mend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.ill()
	again := s.mender.ill
	if s.mender.ill = err != nil; err == nil || !again {
		return nil
	}
	if full := s.room(); full != nil {
		return err
	}
	logger{s.config.Logger}.Warnf("the log is started again, as its disk has room: %v", err)
	s.server.Shutdown()
	s.server.WaitForShutdown()
	if err := s.start(); err != nil {
		return fmt.Errorf("start embedded nats server again in %s: %w", s.config.Dir, err)
	}
	return nil
}

// ill is what the server says of itself and of the log, nil if all is well. Other streams may have left what is none.
func (s *Server) ill() error {
	if !s.server.Running() {
		return errors.New("the embedded nats server does not run")
	}
	var errs []error
	for _, e := range s.server.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if e.Type == server.HealthzErrorJetStream || e.Type == server.HealthzErrorStream && e.Stream == string(s.config.Log) {
			errs = append(errs, errors.New(e.Error))
		}
	}
	return errors.Join(errs...)
}

// Room is how many bytes a disk that was full must take before the server is started again: two of the largest messages.
const Room = 2 * MaxPayload

// room is an error unless the folder is the one that it was, and there is Room.
func (s *Server) room() (err error) {
	if err := s.Intact(); err != nil {
		return err
	}
	path := filepath.Join(s.config.Dir, "room")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	if _, err := f.Write(make([]byte, Room)); err != nil {
		return err
	}
	return f.Sync()
}
