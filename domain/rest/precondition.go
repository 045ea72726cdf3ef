package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// ParsePrecondition reads If-Match and If-None-Match (protocol 2.13). Each holds "*" or an ETag as [ETag] makes them;
// anything else is an Invalid error, with a detail for each header. An empty header counts as absent.
func ParsePrecondition(h http.Header) (domain.Precondition, *domain.Error) {
	ifMatch, err1 := parseMatch(h, "If-Match")
	ifNoneMatch, err2 := parseMatch(h, "If-None-Match")
	return domain.Precondition{IfMatch: ifMatch, IfNoneMatch: ifNoneMatch}, Join(err1, err2)
}

func parseMatch(h http.Header, name string) (domain.Match, *domain.Error) {
	values := h[name]
	if len(values) == 0 {
		return domain.Match{}, nil
	}
	switch value := strings.TrimSpace(strings.Join(values, ", ")); value {
	case "":
		return domain.Match{}, nil
	case "*":
		return domain.MatchAny, nil
	default:
		if t, ok := parseETag(value); ok {
			return domain.MatchTimestamp(t), nil
		}
	}
	return domain.Match{}, domain.Invalidf(domain.InHeader, name, "The value should be integer between double quotes.")
}

func parseETag(value string) (domain.Timestamp, bool) {
	if len(value) < 3 || value[0] != '"' || value[len(value)-1] != '"' {
		return 0, false
	}
	digits := value[1 : len(value)-1]
	if !isDigits(digits) {
		return 0, false
	}
	t, err := strconv.ParseInt(digits, 10, 64)
	return domain.Timestamp(t), err == nil
}

// isDigits tells whether the text is one or more decimal digits.
func isDigits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}
