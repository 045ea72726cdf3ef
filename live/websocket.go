package live

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// openWebSocket refuses web pages that are not trusted with the credentials which the browser adds by itself. Others
// cannot use any, as web pages cannot give a WebSocket credentials of their own.
func openWebSocket(w http.ResponseWriter, r *web.Request, c web.Config) (func(context.Context) (context.Context, channel, error), error) {
	if origin := r.Header.Get("Origin"); origin != "" && !r.Caller.Anonymous() && !sameHost(origin, r.Host) &&
		(len(c.CORS.Origins) == 0 || slices.Contains(c.CORS.Origins, "*")) {
		return nil, domain.Invalidf(domain.InHeader, "Origin", "%s cannot open a WebSocket with credentials", origin)
	}
	timeout := cmp.Or(c.Limits.AnswerTime, 30*time.Second)
	return func(ctx context.Context) (context.Context, channel, error) {
		conn, err := websocket.Accept(w, r.Request, &websocket.AcceptOptions{InsecureSkipVerify: true}) // the frame has looked at it
		if err != nil {
			return nil, nil, web.Reported(err) // it is answered
		}
		return ignored(ctx, conn), &socket{conn, timeout}, nil
	}, nil
}

// ignored reads what the client sends, so that pings and the end are answered. The context ends with the connection.
func ignored(ctx context.Context, conn *websocket.Conn) context.Context {
	conn.SetReadLimit(-1) // nothing of it is kept
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for {
			_, message, err := conn.Reader(ctx)
			if err == nil {
				_, err = io.Copy(io.Discard, message)
			}
			if err != nil {
				_ = conn.CloseNow()
				return
			}
		}
	}()
	return ctx
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}

// socket is a channel of JSON objects with the id of an event, and with the events, or that it is a reset.
type socket struct {
	conn    *websocket.Conn
	timeout time.Duration // for each message
}

func (s *socket) begin(at domain.Position) error { return s.send(at, "}") }

func (s *socket) changes(at domain.Position, events string) error {
	return s.send(at, `,"events":`, events, "}")
}

func (s *socket) reset(at domain.Position) error { return s.send(at, `,"reset":true}`) }

func (s *socket) alive() error {
	return s.within(s.conn.Ping)
}

// send sends an object that begins with an id, without a copy of the rest, which many may be sent at once.
func (s *socket) send(at domain.Position, rest ...string) error {
	return s.within(func(ctx context.Context) error {
		message, err := s.conn.Writer(ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(message)
		_, _ = fmt.Fprintf(w, `{"id":"%d"`, at)
		for _, part := range rest {
			_, _ = w.WriteString(part)
		}
		return errors.Join(w.Flush(), message.Close())
	})
}

func (s *socket) within(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if err := do(ctx); err != nil {
		return errors.Join(errGone, err)
	}
	return nil
}

// end tells the client whether it makes sense to come back.
func (s *socket) end(why error) {
	code := websocket.StatusInternalError
	reason := "subscribe again"
	switch {
	case errors.Is(why, errAnew), errors.Is(why, errStopping):
		code = websocket.StatusGoingAway
	case refused(why):
		code, reason = websocket.StatusPolicyViolation, "not permitted any more"
	}
	_ = s.conn.Close(code, reason)
}
