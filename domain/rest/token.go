package rest

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Token is what a pagination token carries beside the place where it continues (protocol 3.8).
type Token struct {
	Offset int64  // how many objects were delivered before, plus 1
	Nonce  string // makes the token unique, so that it can be used up
	// Timestamp is that of the plural endpoint at the first page; 0 if it is not told.
	Timestamp domain.Timestamp
}

// EncodeToken makes the token of the page after the one that ends in last. order is that of the list (see
// [domain.Query.Order]).
func EncodeToken(order []domain.Sort, last domain.Object, t Token) string {
	b := []byte(`{"last_object":{`)
	separator := ""
	for _, s := range order {
		value := s.Field.Value(last)
		if value == nil {
			continue
		}
		b = append(b, separator...)
		b = append(jsondoc.AppendQuote(b, s.Field.String()), ':')
		b = append(b, value...)
		separator = ","
	}
	b = strconv.AppendInt(append(b, `},"offset":`...), t.Offset, 10)
	b = jsondoc.AppendQuote(append(b, `,"nonce":`...), t.Nonce)
	if t.Timestamp > 0 {
		b = strconv.AppendInt(append(b, `,"timestamp":`...), int64(t.Timestamp), 10)
	}
	return base64.StdEncoding.EncodeToString(append(b, '}'))
}

// DecodeToken reads a token back: what it carries, and one value for each criterion of the order, nil for a missing
// attribute, as [domain.Query] wants them. Anything not made by [EncodeToken] is an Invalid error, unless it might have
// been. That a token was made for another order is not noticed.
func DecodeToken(text string, order []domain.Sort) (Token, [][]byte, *domain.Error) {
	fault := domain.Invalidf(domain.InQuery, nil, "_token has invalid content")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Token{}, nil, fault
	}
	doc, err := jsondoc.Normalize(raw, jsondoc.Limits{Depth: jsondoc.DefaultLimits.Depth + 2})
	if err != nil {
		return Token{}, nil, fault
	}
	t, last, ok := tokenParts(doc)
	if !ok {
		return Token{}, nil, fault
	}
	after := make([][]byte, len(order))
	for i, s := range order {
		after[i], _ = jsondoc.Lookup(last, s.Field.String())
		if !fits(s.Field, after[i]) {
			return Token{}, nil, fault
		}
	}
	return t, after, nil
}

func tokenParts(doc []byte) (t Token, last []byte, ok bool) {
	last, _ = jsondoc.Lookup(doc, "last_object")
	offset, _ := jsondoc.Lookup(doc, "offset")
	nonce, _ := jsondoc.Lookup(doc, "nonce")
	var isInt, isText bool
	t.Offset, isInt = jsondoc.Int(offset)
	t.Nonce, isText = jsondoc.String(nonce)
	if value, told := jsondoc.Lookup(doc, "timestamp"); told {
		timestamp, _ := jsondoc.Int(value)
		t.Timestamp = domain.Timestamp(timestamp)
	}
	return t, last, isInt && isText && jsondoc.IsObject(last)
}

// fits tells whether the attribute of an object can have the value.
func fits(f domain.Field, value []byte) bool {
	switch {
	case f.Is("last_modified"):
		_, ok := jsondoc.Int(value)
		return ok
	case f.Is("id"):
		return jsondoc.KindOf(value) == jsondoc.KindString
	case f.Is("deleted"):
		return value == nil || string(value) == "true"
	}
	return true
}

// NextPage is the path and query of the page after this one, which has so many objects and ends in last. The Offset of its token is
// counted on from that of this page. It is an Invalid error if that is longer than [QueryLimits] allow, so that no client is
// sent where it is refused.
func (l List) NextPage(path string, objects int, last domain.Object, t Token) (string, *domain.Error) {
	t.Offset = 1
	if l.Token != nil {
		t.Offset = l.Token.Offset
	}
	t.Offset += int64(objects)
	next := NextPage(path, l.raw, l.Query.Limit, EncodeToken(l.Query.Order(), last, t))
	if len(next) > l.longest {
		return "", domain.Invalidf(domain.InQuery, nil,
			"The URL of the next page would be longer than %d bytes: it has the parameters, and the values that are sorted by", l.longest)
	}
	return next, nil
}

// NextPage is the URL of the next page: base, which is the URL of the plural endpoint without a query, with
// all parameters of the raw query in their order and, unless they need to be escaped, as they are; only `_limit` and `_token`
// are replaced, or appended.
func NextPage(base, rawQuery string, limit int, token string) string {
	limitPair, tokenPair := "_limit="+strconv.Itoa(limit), "_token="+url.QueryEscape(token)
	var pairs []string
	for pair := range strings.SplitSeq(escapeQuery(rawQuery), "&") {
		name, _, _ := strings.Cut(pair, "=")
		switch strings.TrimSpace(unescape(name)) {
		case "_limit":
			pair, limitPair = limitPair, ""
		case "_token":
			pair, tokenPair = tokenPair, ""
		}
		pairs = append(pairs, pair)
	}
	pairs = append(pairs, limitPair, tokenPair)
	pairs = slices.DeleteFunc(pairs, func(pair string) bool { return pair == "" })
	return base + "?" + strings.Join(pairs, "&")
}
