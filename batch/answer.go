package batch

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// answer tells what became of the batch.
func (b *batch) answer(w http.ResponseWriter, outcome writeapi.Outcome) error {
	if b.failed < 0 {
		writeapi.Mark(w, outcome)
		web.WriteDocument(w, http.StatusOK, b.responses())
		return nil
	}
	failed := b.parts[b.failed].answer
	for _, name := range []string{"Retry-After", "Www-Authenticate"} {
		if values, set := failed.Header[name]; set {
			w.Header()[name] = values
		}
	}
	switch {
	case b.strict && failed.Status < http.StatusInternalServerError:
		b.undo()
		web.WriteDocument(w, failed.Status, b.responses())
	case len(failed.Body) == 0:
		return web.Reported(&domain.Error{Code: codeOf(failed.Status)}) // it was logged when it was served
	default:
		web.WriteDocument(w, failed.Status, failed.Body)
	}
	return nil
}

// standing are the answers that count: of a batch that is undone, that of the part which undid it.
func (b *batch) standing() []web.Answer {
	parts := b.parts
	if b.failed >= 0 {
		parts = parts[b.failed : b.failed+1]
	}
	answers := make([]web.Answer, len(parts))
	for i := range parts {
		answers[i] = parts[i].answer
	}
	return answers
}

// codeOf is the code of a status that undoes a batch.
func codeOf(status int) domain.Code {
	switch status {
	case http.StatusConflict:
		return domain.Conflict
	case http.StatusServiceUnavailable:
		return domain.Unavailable
	}
	return domain.Internal
}

// jsonType is shared by all answers and never changed.
var jsonType = []string{rest.JSON}

// undo replaces all answers but that of the part that failed.
func (b *batch) undo() {
	for i := range b.parts {
		if i != b.failed {
			b.parts[i].answer = web.Answer{
				Status: http.StatusFailedDependency, Path: b.parts[i].URL.Path,
				Header: http.Header{"Content-Type": jsonType}, Body: undone,
			}
		}
	}
}

// undone is the error for a request that has no effect because another one of its batch was refused.
var undone = []byte(`{"code":424,"errno":999,"error":"Failed Dependency",` +
	`"message":"The batch was undone because another request of it was refused."}`)

// responses is the body of the answer: the answers to all parts, in their order.
func (b *batch) responses() []byte {
	size := len(`{"responses":[]}`)
	for i := range b.parts {
		size += len(b.parts[i].answer.Body) + 512 // path and headers
	}
	body := append(make([]byte, 0, size), `{"responses":[`...)
	var names []string
	for i := range b.parts {
		if i > 0 {
			body = append(body, ',')
		}
		body, names = appendAnswer(body, &b.parts[i], names)
	}
	return append(body, ']', '}')
}

// appendAnswer appends one answer; names is room for the names of its headers.
func appendAnswer(b []byte, p *part, names []string) ([]byte, []string) {
	a := &p.answer
	b = strconv.AppendInt(append(b, `{"status":`...), int64(a.Status), 10)
	b = jsondoc.AppendQuote(append(b, `,"path":`...), a.Path)
	b = append(b, `,"headers":{`...)
	names = names[:0]
	for name := range a.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsondoc.AppendQuote(b, spelled(name)), ':')
		b = jsondoc.AppendQuote(b, strings.Join(a.Header[name], ", "))
	}
	b = append(b, `},"body":`...)
	return append(appendBody(b, p), '}'), names
}

// spelled is the name of a header as clients look for it: in JSON, unlike in HTTP, the case of letters counts.
func spelled(name string) string {
	switch name {
	case "Etag":
		return "ETag"
	case "Www-Authenticate":
		return "WWW-Authenticate"
	}
	return name
}

// appendBody appends what was answered: JSON as it is, and anything else as text.
func appendBody(b []byte, p *part) []byte {
	a := &p.answer
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if kind == rest.JSON && len(a.Body) > 0 {
		return append(b, a.Body...)
	}
	return jsondoc.AppendQuote(b, string(a.Body))
}
