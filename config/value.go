package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// plain returns what a value says. Kinto takes any value for JSON that is JSON (protocol 9.1), so that
// "\"a\"" means a, a list is its items, and null means nothing.
func plain(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || !strings.ContainsRune(`"[n`, rune(text[0])) {
		return text
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case []any:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = fmt.Sprint(item)
		}
		return strings.Join(items, "\n")
	}
	return text
}

// parseBool reads protocol 9.1's words for true; the others must be words for false.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y", "t", "1":
		return true, nil
	case "false", "no", "off", "n", "f", "0", "":
		return false, nil
	}
	return false, errors.New("must be true or false")
}

// parseInt reads an integer between lo and hi, also one written as 10.0, as JSON may have it.
func parseInt(text string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return 0, errors.New("must be a whole number")
		}
		n = int(f)
	}
	switch {
	case n < lo && hi == unbounded:
		return 0, fmt.Errorf("must be %d or more", lo)
	case n < lo || n > hi:
		return 0, fmt.Errorf("must be between %d and %d", lo, hi)
	}
	return n, nil
}

const unbounded = math.MaxInt

// parseDuration reads a count of units, fractions allowed. Any negative one is returned as -unit.
func parseDuration(text string, unit time.Duration) (time.Duration, error) {
	n, err := strconv.ParseFloat(text, 64)
	const century = 100 * 365 * 24 * time.Hour
	switch {
	case err != nil || math.IsNaN(n):
		return 0, errors.New("must be a number")
	case n > float64(century/unit):
		return 0, errors.New("must be less than a century")
	case n < 0:
		return -unit, nil
	}
	return time.Duration(n * float64(unit)), nil
}

// parseDate reads an ISO 8601 date or time, of UTC if it does not tell.
func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("must be a date, such as 2030-01-31 or 2030-01-31T12:00:00Z")
}

// items splits a list at blanks, commas and line ends.
func items(text string) []string {
	return slices.Collect(strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }))
}

func oneOf(text string, allowed ...string) error {
	if !slices.Contains(allowed, text) {
		allowed = slices.DeleteFunc(allowed, func(choice string) bool { return choice == "" })
		return fmt.Errorf("must be %s", strings.Join(allowed, " or "))
	}
	return nil
}
