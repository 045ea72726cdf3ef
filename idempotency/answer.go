package idempotency

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// answer is what a handler answered. It is an http.ResponseWriter that keeps what is written to it.
type answer struct {
	header http.Header // without those that the frame gives all answers
	status int         // 0 as long as nothing is written
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// writeTo gives the answer to a client.
func (a *answer) writeTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // a client that is gone has nothing to be told
}

// kept is an answer as it is stored. The body is text, so that it is given again byte for byte.
type kept struct {
	ID           string           `json:"id"`
	LastModified domain.Timestamp `json:"last_modified"`
	Fingerprint  string           `json:"fingerprint"`
	Status       int              `json:"status"`
	Headers      http.Header      `json:"headers"`
	Body         string           `json:"body"`
}

// data is the answer as the data of an object.
func (k kept) data() ([]byte, error) {
	data, err := json.Marshal(k, json.Deterministic(true))
	if err == nil {
		data, err = jsondoc.Normalize(data, jsondoc.Limits{})
	}
	if err != nil {
		return nil, fmt.Errorf("keep an answer: %w", err)
	}
	return data, nil
}

// answerOf reads the answer to a request from an object.
func answerOf(o domain.Object, fingerprint string) (*answer, error) {
	var k kept
	if err := json.Unmarshal(o.Data, &k); err != nil {
		return nil, fmt.Errorf("read the answer %s: %w", o.URI, err)
	}
	if k.Fingerprint != fingerprint {
		return nil, domain.Invalidf(domain.InHeader, Header, "was used for another request")
	}
	a := &answer{header: k.Headers, status: k.Status}
	a.body.WriteString(k.Body)
	return a, nil
}
