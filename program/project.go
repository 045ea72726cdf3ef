package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
)

// report is how often a projector tells how far it is, if it has moved or cannot move.
const report = 10 * time.Second

// Project folds the log into the read model until ctx ends, or until it cannot go on. It tells on out what it does.
func Project(ctx context.Context, o Options, out io.Writer, logger *logrus.Logger) (err error) {
	s, err := o.external(logger)
	if err != nil {
		return err
	}
	export, err := traces(ctx, &s.App, &s.Config, logger)
	if err != nil {
		return err
	}
	defer export()
	projector, err := server.OpenProjector(ctx, s.App, s.Config)
	if err != nil {
		return Advise(err)
	}
	defer func() { err = errors.Join(err, projector.Close()) }()
	announceProjector(out, s.Settings)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- projector.Run(ctx) }()
	err = watch(ctx, projector, logger, failed)
	position, lag := projector.Position()
	_, _ = fmt.Fprintf(out, "Stopped at position %d, %d behind the log.\n", position, lag)
	return Advise(err)
}

// watch logs how far the projector is until it ends, and returns why.
func watch(ctx context.Context, p *server.Projector, logger *logrus.Logger, ended <-chan error) error {
	ticks := time.NewTicker(report)
	defer ticks.Stop()
	var told domain.Position
	for {
		select {
		case err := <-ended:
			return err
		case <-ticks.C:
		}
		position, lag := p.Position()
		entry := logger.WithContext(ctx).WithFields(logrus.Fields{"position": position, "lag": lag})
		switch cause := p.Err(); {
		case cause != nil:
			entry.WithError(cause).Warn("the read model does not move, trying again")
		case position != told:
			entry.Info("projected")
		}
		told = position
	}
}

// Status tells on out how far the read model is. What is in quarantine is an error.
func Status(ctx context.Context, o Options, out io.Writer, logger *logrus.Logger) error {
	s, err := o.external(logger)
	if err != nil {
		return err
	}
	p, err := server.Inspect(ctx, s.Config)
	if err != nil {
		return Advise(err)
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("position    %d", p.Position)
	say("lag         %d", p.Lag())
	say("quarantine  %d", len(p.Quarantined))
	for _, row := range p.Quarantined {
		say("  %d  %s  %s", row.Position, row.URI, row.Refused)
	}
	if n := len(p.Quarantined); n > 0 {
		return fmt.Errorf("%d states of objects are in quarantine", n)
	}
	return nil
}

// external is Service, but for that of one process, which it refuses.
func (o Options) external(logger *logrus.Logger) (Service, error) {
	s, err := o.Service(logger)
	if err != nil {
		return Service{}, err
	}
	if err := s.Config.Shared(); err != nil {
		return Service{}, Advise(err)
	}
	return s, nil
}

func announceProjector(out io.Writer, s *config.Settings) {
	_, _ = fmt.Fprintf(out, "Kintolog %s projects\n  event log   %s\n  read model  %s\n",
		Release(), fmt.Sprint(s.EventLog.URLs), s.Storage.URL)
}
