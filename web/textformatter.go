package web

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sirupsen/logrus"
)

// TextFormatter writes each entry of a log as one line for people: time, level, message, and the fields that say
// something, in the order of their names. It costs a fraction of logrus.TextFormatter, which counts where every request is
// logged.
type TextFormatter struct{}

var _ logrus.Formatter = TextFormatter{}

// Format implements logrus.Formatter.
func (TextFormatter) Format(e *logrus.Entry) ([]byte, error) {
	buffer := e.Buffer
	if buffer == nil {
		buffer = &bytes.Buffer{}
	}
	b := e.Time.AppendFormat(buffer.AvailableBuffer(), "2006-01-02T15:04:05.000Z07:00")
	b = append(append(append(b, ' '), strings.ToUpper(e.Level.String())...), ' ')
	b = append(b, lineBreaks.Replace(e.Message)...)
	names := make([]string, 0, 16)
	for name, value := range e.Data {
		if value != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b = append(append(append(b, ' '), name...), '=')
		b = appendText(b, e.Data[name])
	}
	buffer.Write(append(b, '\n'))
	return buffer.Bytes(), nil
}

var lineBreaks = strings.NewReplacer("\n", "\\n", "\r", "\\r")

func appendText(b []byte, value any) []byte {
	switch v := value.(type) {
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case string:
		return appendWord(b, v)
	default:
		return appendWord(b, fmt.Sprint(v))
	}
}

// appendWord quotes what would not stand as one word.
func appendWord(b []byte, text string) []byte {
	for _, c := range []byte(text) {
		if c <= ' ' || c == '"' || c == '=' || c >= 0x7f {
			return strconv.AppendQuote(b, text)
		}
	}
	return append(b, text...)
}
