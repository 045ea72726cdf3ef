package live

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tmaxmax/go-sse"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// errGone: the client does not take what it is told.
var errGone = errors.New("the client has gone")

// opener is what opens the channel that the client asks for, once there is something to say.
func opener(w http.ResponseWriter, r *web.Request, c web.Config) (func(context.Context) (context.Context, channel, error), error) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return openWebSocket(w, r, c)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("X-Accel-Buffering", "no") // or a proxy keeps events until there are some more
	return func(ctx context.Context) (context.Context, channel, error) {
		session, err := sse.Upgrade(w, r.Request)
		if err == nil {
			err = session.Flush()
		}
		if errors.Is(err, http.ErrNotSupported) {
			return nil, nil, domain.Invalidf(domain.InPath, nil, "Events cannot be part of another request.")
		}
		return ctx, stream{session}, err
	}, nil
}

// stream is a channel of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Its write
// deadlines are those of every answer.
type stream struct{ session *sse.Session }

// begin gives the client a position to come back with, and tells it to come back after a little while that is not the same
// for all.
func (s stream) begin(at domain.Position) error {
	m := message("begin", at)
	m.Retry = time.Second + rand.N(2*time.Second)
	return s.send(m)
}

func (s stream) changes(at domain.Position, events string) error {
	m := sse.Message{ID: id(at)}
	m.AppendData(events)
	return s.send(m)
}

func (s stream) reset(at domain.Position) error { return s.send(message("reset", at)) }

// message is one that tells of no changes. It has data, because without them browsers do not see it, and some other clients do not
// remember its id.
func message(name string, at domain.Position) sse.Message {
	m := sse.Message{ID: id(at), Type: sse.Type(name)}
	m.AppendData("[]")
	return m
}

func (s stream) alive() error {
	var m sse.Message
	m.AppendComment("alive")
	return s.send(m)
}

// end does nothing: the client comes back, and is told then if it may not.
func (stream) end(error) {}

func (s stream) send(m sse.Message) error {
	if err := s.session.Send(&m); err != nil {
		return errors.Join(errGone, err)
	}
	if err := s.session.Flush(); err != nil {
		return errors.Join(errGone, err)
	}
	return nil
}

func id(at domain.Position) sse.EventID { return sse.ID(strconv.FormatUint(uint64(at), 10)) }
