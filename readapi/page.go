package readapi

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
)

// answer writes the list, or its total, or that nothing has changed.
func (l *listing) answer(w http.ResponseWriter, page domain.Page, notModified bool) {
	h := w.Header()
	rest.SetTimestamp(h, l.timestamp())
	l.asked.Alert.Set(h)
	if notModified {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	l.api.setCache(h, l.Request, l.state)
	if l.counts() {
		total := []string{strconv.FormatInt(page.Total, 10)}
		h["Total-Objects"], h["Total-Records"] = total, total
		h["Content-Type"] = jsonType
		w.WriteHeader(http.StatusOK)
		return
	}
	if page.More {
		h["Next-Page"] = []string{l.nextPage(page.Objects)}
	}
	writeJSON(w, l.body(page.Objects))
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

// nextPage is the URL of the page after these objects.
func (l *listing) nextPage(objects []domain.Object) string {
	token := rest.Token{Offset: 1, Nonce: "pagination-token-" + uuid.NewString(), Timestamp: l.timestamp()}
	if l.asked.Token != nil {
		token.Offset = l.asked.Token.Offset
	}
	token.Offset += int64(len(objects))
	last := objects[len(objects)-1]
	return rest.NextPage(
		l.Absolute(l.URL.EscapedPath()), l.URL.RawQuery, l.asked.Query.Limit,
		rest.EncodeToken(l.asked.Query.Order(), last, token))
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
