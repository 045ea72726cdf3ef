package web

import (
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/kintolog/kintolog/domain"
)

func checkAccept(h http.Header) error { return nil }

func checkContentType(method string, h http.Header) error {
	given := h.Get("Content-Type")
	if given == "" || isRead(method) || method == http.MethodDelete {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(given)
	if kind == "application/json" {
		return nil
	}
	return &domain.Error{Code: domain.UnsupportedType}
}

func isCleanPath(path string) bool { return utf8.ValidString(path) && strings.IndexByte(path, 0) < 0 }

func basicAuth(h http.Header) (user, password string, ok bool) {
	return (&http.Request{Header: h}).BasicAuth()
}
