package server

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// utilities are the endpoints that every service has (protocol section 6), but for batch.
func (s *Server) utilities(c Config) ([]web.Endpoint, error) {
	hello, err := newHello(s.parts)
	if err != nil {
		return nil, err
	}
	heartbeat, err := newHeartbeat(s.parts)
	if err != nil {
		return nil, err
	}
	version, err := versionDocument(c.VersionFile)
	if err != nil {
		return nil, err
	}
	contribute := s.parts.App.Contribute
	if contribute != nil && !jsontext.Value(contribute).IsValid() {
		return nil, errors.New("what the app contributes (App.Contribute) is to be JSON")
	}
	return []web.Endpoint{
		utility("hello", "/", false, hello.serve),
		utility("heartbeat", "/__heartbeat__", true, heartbeat.serve),
		utility("lbheartbeat", "/__lbheartbeat__", true, func(w http.ResponseWriter, _ *web.Request) error {
			return WriteJSON(w, http.StatusOK, struct{}{})
		}),
		utility("version", "/__version__", true, document(version)),
		utility("contribute", "/contribute.json", true, document(contribute)),
		utility("openapi", "/__api__", true, s.describe),
	}, nil
}

// utility is an endpoint that is read.
func utility(name, path string, public bool, handle web.Handler) web.Endpoint {
	return web.Endpoint{
		Name: name, Path: path, Public: public,
		Methods: []web.Method{{Name: http.MethodGet, Handle: handle}, {Name: http.MethodHead, Handle: handle}},
	}
}

// document answers with a JSON document that does not change; without one it is not found.
func document(body []byte) web.Handler {
	return func(w http.ResponseWriter, _ *web.Request) error {
		if body == nil {
			return &domain.Error{Code: domain.MissingResource}
		}
		web.WriteDocument(w, http.StatusOK, body)
		return nil
	}
}

// WriteJSON answers with a value as JSON, members of maps in the order of their names.
func WriteJSON(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return err
	}
	web.WriteDocument(w, status, body)
	return nil
}
