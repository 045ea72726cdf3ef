package app

import (
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

// Service is what the settings say: themselves, and what package server is to be given.
type Service struct {
	Settings *config.Settings
	App      server.App
	Config   server.Config
}

// Service reads the settings.
func (o Options) Service(logger *logrus.Logger) (Service, error) {
	s, err := o.Settings(logger)
	if err != nil {
		return Service{}, err
	}
	application, err := App(s)
	return Service{s, application, Config(s, logger)}, err
}

// Advise adds to an error what the operator can do about it.
func Advise(err error) error {
	switch {
	case server.InUse(err):
		return fmt.Errorf("%w: the embedded log and the SQLite read model belong to one process; "+
			"stop the service, and try again", err)
	case errors.Is(err, projections.ErrAhead), errors.Is(err, projections.ErrDiverged):
		return fmt.Errorf("%w: stop the service, run kintolog rebuild, and start again", err)
	}
	return advised(err)
}

// Release is the version of the software, with the commit that it was built from where that is known.
func Release() string { return version() }
