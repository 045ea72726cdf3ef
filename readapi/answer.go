package readapi

import (
	"net/http"
	"strconv"
)

// jsonType is shared by all answers and never changed.
var jsonType = []string{"application/json"}

func writeJSON(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body) // the client that does not read it does not want it
}
