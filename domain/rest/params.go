package rest

import (
	"strings"
	"unicode/utf8"

	"github.com/kintolog/kintolog/domain"
)

// param is one name of a query string with all its values, decoded, in their order.
type param struct {
	name   string
	values []string
}

// splitQuery decodes a raw query string into its parameters in the order in which they first appear. Names lose
// blanks around them. What is not UTF-8 is refused; a percent sign that starts no escape stands for itself. What tells pages of
// a list apart does not count for the limits: the URL of a next page is refused only if that of the first one is.
func splitQuery(raw string, limits QueryLimits) ([]param, *domain.Error) {
	if raw == "" {
		return nil, nil
	}
	params := make([]param, 0, 8)
	length, count := len(raw), 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, &domain.Error{Code: domain.Invalid, Message: "The querystring is not valid UTF-8: " + raw}
		}
		name = strings.TrimSpace(name)
		known := len(params)
		params = addParam(params, name, value)
		switch {
		case tellsPage(name):
			length -= len(pair) + 1
		case len(params) > known:
			count++
		}
		if count > limits.Parameters {
			return nil, domain.Invalidf(domain.InQuery, nil, "The querystring has more than %d parameters", limits.Parameters)
		}
	}
	if length > limits.Length {
		return nil, domain.Invalidf(domain.InQuery, nil, "The querystring is longer than %d bytes", limits.Length)
	}
	return params, nil
}

// tellsPage tells whether the parameter is one of those that [NextPage] sets.
func tellsPage(name string) bool { return name == "_limit" || name == "_token" }

func addParam(params []param, name, value string) []param {
	for i := range params {
		if params[i].name == name {
			params[i].values = append(params[i].values, value)
			return params
		}
	}
	return append(params, param{name, []string{value}})
}

// unescape decodes + and %XX as forms do, without ever failing.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
