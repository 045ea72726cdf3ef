package readapi

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// answer writes the list, or its total.
func (l *listing) answer(w http.ResponseWriter, page domain.Page) error {
	next, err := l.nextPage(page)
	if err != nil {
		return err
	}
	h := w.Header()
	rest.SetTimestamp(h, l.timestamp())
	l.asked.Alert.Set(h)
	l.api.setCache(h, l.Request, l.state)
	if l.counts() {
		total := []string{strconv.FormatInt(page.Total, 10)}
		h["Total-Objects"], h["Total-Records"] = total, total
		h["Content-Type"] = []string{rest.JSON}
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if next != "" {
		h["Next-Page"] = []string{next}
	}
	web.WriteDocument(w, http.StatusOK, l.body(page.Objects))
	return nil
}

// notModified writes that nothing has changed.
func (l *listing) notModified(w http.ResponseWriter) {
	rest.SetTimestamp(w.Header(), l.timestamp())
	l.asked.Alert.Set(w.Header())
	w.WriteHeader(http.StatusNotModified)
}

// timestamp is that of the first page, so that whoever polls with that of the last one is told of what changed while he went
// through the pages.
func (l *listing) timestamp() domain.Timestamp {
	now := l.state.Scope(l.Plural).Timestamp
	if t := l.asked.Token; t != nil && t.Timestamp > 0 {
		return min(now, t.Timestamp)
	}
	return now
}

// nextPage is the URL of the page after this one, "" if it is the last.
func (l *listing) nextPage(page domain.Page) (string, error) {
	if !page.More {
		return "", nil
	}
	token := rest.Token{Nonce: "pagination-token-" + uuid.NewString(), Timestamp: l.timestamp()}
	n := len(page.Objects)
	next, err := l.asked.NextPage(l.URL.EscapedPath(), n, page.Objects[n-1], token)
	if err != nil {
		return "", err
	}
	return l.Absolute(next), nil
}

// body is the data of the objects as stored, or some attributes of it.
func (l *listing) body(objects []domain.Object) []byte {
	if l.asked.Fields == nil {
		return rest.AppendList(nil, objects)
	}
	projection := jsondoc.NewProjection(l.asked.Fields)
	b := []byte(`{"data":[`)
	for i := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = projection.Append(b, objects[i].Data)
	}
	return append(b, ']', '}')
}
