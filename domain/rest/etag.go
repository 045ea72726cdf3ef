package rest

import (
	"net/http"
	"strconv"

	"github.com/kintolog/kintolog/domain"
)

// AppendETag appends the ETag of a timestamp, its digits in double quotes.
func AppendETag(b []byte, t domain.Timestamp) []byte {
	return append(strconv.AppendInt(append(b, '"'), int64(t), 10), '"')
}

// ETag is the same as a string.
func ETag(t domain.Timestamp) string {
	return string(AppendETag(make([]byte, 0, 24), t))
}

// AppendLastModified appends the timestamp as an HTTP date, cut to the second (RFC 9110, 5.6.7). Years outside 0 to
// 9999 have no such form.
func AppendLastModified(b []byte, t domain.Timestamp) []byte {
	return t.Time().AppendFormat(b, http.TimeFormat)
}

// LastModified is the same as a string.
func LastModified(t domain.Timestamp) string {
	return string(AppendLastModified(make([]byte, 0, len(http.TimeFormat)), t))
}

// SetTimestamp sets ETag and Last-Modified, which always go together (protocol 2.2).
func SetTimestamp(h http.Header, t domain.Timestamp) {
	h["Etag"] = []string{ETag(t)}
	h["Last-Modified"] = []string{LastModified(t)}
}
