package program

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/kinto/openid"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

// Service is what the settings say: themselves, what package server is to be given, and the listeners that its plug-ins tell.
type Service struct {
	Settings  *config.Settings
	App       server.App
	Config    server.Config
	Listeners []listeners.Listener
}

// Service reads the settings, for what is done beside serving: it does not make a newcomer's data folder.
func (o Options) Service(logger *logrus.Logger) (Service, error) {
	s, err := o.load(logger)
	if err != nil {
		return Service{}, err
	}
	return o.service(s, logger)
}

// service makes what the settings say. On an error it is the settings alone.
func (o Options) service(s *config.Settings, logger *logrus.Logger) (Service, error) {
	told, err := o.Extension.listeners(s)
	if err != nil {
		return Service{Settings: s}, err
	}
	app, err := application(s, o.Extension, told)
	return Service{s, app, running(s, logger), told}, err
}

// Advise adds to an error what the operator can do about it.
func Advise(err error) error {
	if advice := advice(err); advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

func advice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "stop the program that listens there, or set another port"
	case server.InUse(err):
		return "the embedded log and the SQLite read model belong to one process; stop the service that has them, and try again, " +
			"or set another data folder"
	case errors.Is(err, server.ErrNotShared):
		return "the one api process, which has a projector of its own; " +
			"for processes that share the work set nats_url, read_model = postgresql and storage_url"
	case errors.Is(err, server.ErrNoLog):
		return "start the NATS servers, or correct nats_url, or nats_user and nats_password, or nats_credentials"
	case errors.Is(err, jetstream.ErrMissing):
		return "start the service, which makes it, or correct data_dir, or nats_url and nats_stream"
	case errors.Is(err, jetstream.ErrNoLeader):
		return "start the NATS servers: of three, two must run and reach each other"
	case errors.Is(err, projections.ErrUnavailable):
		return "if it is in PostgreSQL, start that, or correct storage_url"
	case errors.Is(err, projections.ErrAhead), errors.Is(err, projections.ErrDiverged):
		return "if the log has lost its end, or is not the right one, restore it from a backup; " +
			"to go on with the log as it is, and lose what only the read model has, stop the service, run kintolog rebuild, and start again"
	case errors.Is(err, projections.ErrDamaged):
		return "nothing is lost with it, as it is made from the log: stop the service, run kintolog rebuild, which makes it anew, and start again"
	case errors.Is(err, projections.ErrMissing):
		return "start the service, which makes it from the log"
	case errors.Is(err, projections.ErrOlder):
		return "start the service, which brings it up to date, or run kintolog migrate"
	case errors.Is(err, projections.ErrNewer):
		return "start the later version of the program again; to go back to this one, give it another read model, a file or a " +
			"database that is empty, which it makes from the log"
	case forbidden(err):
		return "let the user that it runs as have that file or folder, or set another one"
	case errors.Is(err, openid.ErrDiscovery):
		return "start it, or correct the issuer of the policy"
	case errors.Is(err, eventstore.ErrCorrupt):
		return "the log is damaged, restore it from a backup"
	}
	return ""
}

// forbidden tells whether a file cannot be used by whom the program runs as.
func forbidden(err error) bool {
	_, ofFile := errors.AsType[*fs.PathError](err)
	return ofFile && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS))
}
