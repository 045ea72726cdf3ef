package kinto

import (
	"math"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// validateCollection makes cache_expires an integer number of seconds (protocol 1.5).
func validateCollection(w domain.Write) ([]byte, error) {
	value, given := jsondoc.Lookup(w.Data, "cache_expires")
	if !given {
		return w.Data, nil
	}
	if jsondoc.KindOf(value) == jsondoc.KindNull {
		return jsondoc.Without(w.Data, "cache_expires"), nil
	}
	seconds, ok := wholeNumber(value)
	if !ok {
		return nil, domain.Invalidf(domain.InBody, w.Attribute("cache_expires"), `"%s" is not a number`, jsondoc.Shown(value))
	}
	return jsondoc.With(w.Data, jsondoc.Field{Name: "cache_expires", Value: strconv.AppendInt(nil, seconds, 10)}), nil
}

// wholeNumber reads a number, or a string that holds one, and drops what follows the point.
func wholeNumber(value []byte) (int64, bool) {
	text := string(value)
	if s, ok := jsondoc.String(value); ok {
		text = strings.TrimSpace(s)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, true
		}
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) >= 1<<62 {
		return 0, false
	}
	return int64(f), true
}
