package rest

import (
	"net/http"
	"strconv"

	"github.com/kintolog/kintolog/domain"
)

// ETag is that of a timestamp: its digits in double quotes.
func ETag(t domain.Timestamp) string {
	return `"` + strconv.FormatInt(int64(t), 10) + `"`
}

// LastModified is the timestamp as an HTTP date, cut to the second (RFC 9110, 5.6.7). Years outside 0 to 9999 have no such
// form.
func LastModified(t domain.Timestamp) string { return t.Time().Format(http.TimeFormat) }

// SetTimestamp sets ETag and Last-Modified, which always go together (protocol 2.2).
func SetTimestamp(h http.Header, t domain.Timestamp) {
	h["Etag"] = []string{ETag(t)}
	h["Last-Modified"] = []string{LastModified(t)}
}
