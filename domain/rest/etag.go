package rest

import (
	"net/http"
	"strconv"

	"github.com/kintolog/kintolog/domain"
)

// ETag is that of a timestamp: its digits in double quotes.
func ETag(t domain.Timestamp) string {
	b := append(make([]byte, 0, 24), '"')
	return string(append(strconv.AppendInt(b, int64(t), 10), '"'))
}

// LastModified is the timestamp as an HTTP date, cut to the second (RFC 9110, 5.6.7). Years outside 0 to 9999 have no such
// form.
func LastModified(t domain.Timestamp) string { return t.Time().Format(http.TimeFormat) }

// SetTimestamp sets ETag and Last-Modified, which always go together (protocol 2.2).
func SetTimestamp(h http.Header, t domain.Timestamp) {
	values := []string{ETag(t), LastModified(t)}
	h["Etag"], h["Last-Modified"] = values[:1:1], values[1:]
}
