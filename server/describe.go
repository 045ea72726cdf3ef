package server

import (
	"net/http"

	"github.com/kintolog/kintolog/web"
)

// describe answers with the description of the API, for the host that the client knows (protocol 6.6).
func (s *Server) describe(w http.ResponseWriter, r *web.Request) error {
	body, err := s.described.At(r.Absolute(""))
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, body)
	return nil
}
