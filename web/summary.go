package web

import (
	"maps"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

// summarize logs one line about the request (protocol 9.3). The logger adds the time.
func (x *exchange) summarize(message string, start time.Time) {
	log := x.frame.config.Log
	if !log.IsLevelEnabled(logrus.InfoLevel) {
		return
	}
	now := x.frame.config.Now()
	policy, _, _ := strings.Cut(x.Caller.UserID, ":")
	entry := logrus.Entry{Logger: log, Time: now, Context: x.Context(), Data: logrus.Fields{
		"agent":       x.UserAgent(),
		"path":        x.URL.Path,
		"method":      x.Method,
		"lang":        x.Header.Get("Accept-Language"),
		"rid":         x.ID,
		"errno":       x.errno,
		"querystring": x.URL.RawQuery,
		"uid":         x.Caller.UserID,
		"authn_type":  policy,
		"code":        x.answer.status,
		"t":           now.Sub(start).Milliseconds(),
	}}
	maps.Copy(entry.Data, x.noted)
	entry.Info(message)
}

// Note adds a field to the line that is logged about the request.
func (r *Request) Note(name string, value any) {
	if r.noted == nil {
		r.noted = logrus.Fields{}
	}
	r.noted[name] = value
}
