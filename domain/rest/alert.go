package rest

import (
	"net/http"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Alert is the value of the header of that name (protocol 2.2): something that ends, or has ended.
type Alert struct {
	Code    string // SoftEOL or HardEOL
	Message string
	URL     string
}

// The codes of an Alert: service goes on for now, or is over.
const (
	SoftEOL = "soft-eol"
	HardEOL = "hard-eol"
)

// String is the JSON to send.
func (a Alert) String() string {
	b := jsondoc.AppendQuote([]byte(`{"code":`), a.Code)
	b = jsondoc.AppendQuote(append(b, `,"message":`...), a.Message)
	b = jsondoc.AppendQuote(append(b, `,"url":`...), a.URL)
	return string(append(b, '}'))
}

// Set sets the header. A nil Alert sets nothing.
func (a *Alert) Set(h http.Header) {
	if a != nil {
		h.Set("Alert", a.String())
	}
}

var deprecatedTo = Alert{
	Code:    SoftEOL,
	Message: "_to is now deprecated, you should use _before instead",
	URL:     "https://kinto.readthedocs.io/en/2.4.0/api/resource.html#list-of-available-url-parameters",
}
