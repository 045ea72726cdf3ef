package listeners

import (
	"context"
	"errors"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/sirupsen/logrus"
)

// logAdapter is the log of Watermill, one level lower: what it calls an error is tried again, and what it informs of
// are its own steps.
type logAdapter struct{ to logrus.FieldLogger }

var _ watermill.LoggerAdapter = logAdapter{}

func (l logAdapter) Error(msg string, err error, fields watermill.LogFields) {
	if errors.Is(err, context.Canceled) {
		return // the service stops
	}
	l.to.WithFields(logrus.Fields(fields)).WithError(err).Warn(msg)
}

func (l logAdapter) Info(msg string, fields watermill.LogFields) { l.Debug(msg, fields) }

func (l logAdapter) Debug(msg string, fields watermill.LogFields) {
	l.to.WithFields(logrus.Fields(fields)).Debug(msg)
}

func (logAdapter) Trace(string, watermill.LogFields) {}

func (l logAdapter) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return logAdapter{l.to.WithFields(logrus.Fields(fields))}
}
