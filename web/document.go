package web

import (
	"net/http"
	"strconv"
)

// WriteDocument answers with a JSON document.
func WriteDocument(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone has nothing to be told
}
