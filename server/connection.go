package server

import (
	"errors"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/sirupsen/logrus"
)

// connection tells the log of what becomes of a connection to NATS. NATS calls its methods one after the other.
type connection struct {
	logger *logrus.Logger
	server string // host and port of the one that it is, or was last, connected to
	lost   bool
	told   string // the last failure told since it was lost
}

// options are those of a connection that is made again whenever it is lost, and tells of both once.
func (c *connection) options() []nats.Option {
	return []nats.Option{
		nats.Name("kintolog"), nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // a server may refuse a password until it has read all of its configuration
		nats.NoCallbacksAfterClientClose(),
		nats.ConnectHandler(func(nc *nats.Conn) { c.server = connectedTo(nc) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { c.loses(err) }),
		nats.ReconnectHandler(c.returns),
		c.failures(),
	}
}

// failures is the option that tells of what fails beside calls, which NATS would write to stderr by itself.
//
// That a consumer is slow is no failure. The client has room for as many messages as it has asked for, and not for the signs of
// life that come between them: what does not fit while a reader is busy, the log asks for again.
func (c *connection) failures() nats.Option {
	return nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		again := c.lost && c.told == err.Error() // it is refused again and again
		if again || errors.Is(err, nats.ErrSlowConsumer) {
			return
		}
		c.told = err.Error()
		c.logger.WithField("server", c.server).WithError(err).Warn("NATS reports a failure")
	})
}

func (c *connection) loses(err error) {
	c.lost, c.told = true, ""
	c.logger.WithField("server", c.server).WithError(err).Warn("the connection to NATS is lost, trying again")
}

func (c *connection) returns(nc *nats.Conn) {
	c.lost, c.server = false, connectedTo(nc)
	c.logger.WithField("server", c.server).Info("the connection to NATS is back")
}

func connectedTo(nc *nats.Conn) string { return hosts(nc.ConnectedUrl()) }

// hosts are those of URLs, with their ports, and without what may be secret.
func hosts(urls string) string {
	var all []string
	for text := range strings.SplitSeq(urls, ",") {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && u.Host != "" {
			all = append(all, u.Host)
		}
	}
	return strings.Join(all, ", ")
}
