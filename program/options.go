package program

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/web"
)

// Options are what every command of the service is given on its command line.
type Options struct {
	Config string  // a kinto.ini; "" for $KINTO_INI, and without that for a newcomer's settings
	Listen string  // host:port, wins over the file
	Port   *uint16 // unless nil wins over the port of the file, not over Listen
	Level  string  // log level, wins over the file
	Data   string  // the data folder, wins over the file
	// NoProjector leaves the read model to projector processes.
	NoProjector bool
	// Extension is what there is beside what the settings ask for.
	Extension Extension
}

// settings are those to serve with: what load returns, and for a newcomer a secret that is kept in the data folder.
func (o Options) settings(logger *logrus.Logger) (*config.Settings, error) {
	s, err := o.load(logger)
	if err == nil && s.Newcomer {
		s.Auth.UserIDSecret, _, err = config.LoadOrCreateSecret(s.Storage.DataDir)
	}
	return s, err
}

// load reads the settings, and completes them with what the command line says.
func (o Options) load(logger *logrus.Logger) (*config.Settings, error) {
	s, err := o.read(logger)
	if err != nil {
		return nil, err
	}
	s.Storage.DataDir = cmp.Or(o.Data, s.Storage.DataDir)
	if o.Port != nil {
		s.Server.Port = int(*o.Port)
	}
	if o.Listen != "" {
		host, port, err := net.SplitHostPort(o.Listen)
		if err != nil {
			return nil, fmt.Errorf("--listen takes HOST:PORT: %w", err)
		}
		s.Server.Host = host
		if s.Server.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("--listen takes HOST:PORT: the port %q is no number", port)
		}
	}
	return s, nil
}

// read reads the settings, makes the logger write as they say, and logs what there is to warn of.
func (o Options) read(logger *logrus.Logger) (*config.Settings, error) {
	s, warnings, err := config.Load(cmp.Or(o.Config, os.Getenv("KINTO_INI")), os.Environ(), o.Extension.names()...)
	if err == nil {
		s.Logging.Level = cmp.Or(o.Level, s.Logging.Level)
		err = configure(logger, s.Logging)
	}
	for _, w := range warnings {
		logger.Warn(w)
	}
	return s, err
}

// configure makes a logger write as the settings say.
func configure(logger *logrus.Logger, l config.Logging) error {
	level, err := logrus.ParseLevel(l.Level)
	if err != nil {
		return fmt.Errorf("log_level: %w", err)
	}
	logger.SetLevel(level)
	logger.SetFormatter(web.TextFormatter{})
	if l.Format == "json" {
		logger.SetFormatter(web.JSONFormatter{})
	}
	return nil
}
