package attachments

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// boundary is what separates the parts of a form.
func boundary(h http.Header) (string, error) {
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return "", &domain.Error{Code: domain.Invalid, Message: "Content-Type should be multipart/form-data"}
	}
	b := parameters["boundary"]
	if b == "" || len(b) > 70 { // RFC 2046
		return "", &domain.Error{Code: domain.Invalid, Message: fmt.Sprintf("Invalid boundary in multipart form: '%.80s'", b)}
	}
	return b, nil
}

// form reads the parts of a form as they come.
type form struct {
	parts *multipart.Reader
	body  *limited
	// fields are the texts of data and permissions, those that were given.
	fields map[string][]byte
	// maxField bounds each of them, in bytes.
	maxField int64
}

// maxParts bounds the number of parts of a form.
const maxParts = 10

// read reads all parts, and has the file stored by a function, once. The error is nil only if there was a file.
func (f *form) read(store func(*multipart.Part) error) error {
	stored := false
	for range maxParts {
		part, err := f.parts.NextPart()
		if errors.Is(err, io.EOF) {
			if !stored {
				return &domain.Error{Code: domain.InvalidPost, Message: "Attachment missing."}
			}
			return nil
		}
		if err != nil {
			return f.broken(err)
		}
		if part.FormName() != Attribute {
			err = f.field(part)
		} else if stored {
			err = &domain.Error{Code: domain.InvalidPost, Message: "Only one file can be attached."}
		} else {
			err, stored = store(part), true
		}
		if err != nil {
			return err
		}
	}
	return &domain.Error{Code: domain.InvalidPost, Message: "The form has too many fields."}
}

// broken is the error for a form that cannot be read.
func (f *form) broken(err error) error {
	if f.body.exceeded {
		return &domain.Error{Code: domain.TooLarge}
	}
	return &domain.Error{Code: domain.Invalid, Message: "The form is not well formed, or did not arrive whole.", Cause: err}
}

// field reads a part that is not the file. Another file is left out.
func (f *form) field(part *multipart.Part) error {
	name := part.FormName()
	isField := name == "data" || name == "permissions"
	switch {
	case isFile(part) && isField:
		return invalidPost("'%s' field should be passed as form data, not files", name)
	case isFile(part):
		return nil
	case !isField:
		return invalidPost("'%s' not in ('data', 'permissions')", name)
	case f.fields[name] != nil:
		return invalidPost("'%s' is given twice", name)
	}
	text, err := io.ReadAll(io.LimitReader(part, f.maxField+1))
	switch {
	case err != nil:
		return f.broken(err)
	case int64(len(text)) > f.maxField:
		return &domain.Error{Code: domain.TooLarge}
	}
	if _, err := jsondoc.Normalize(text, jsondoc.DefaultLimits); err != nil {
		return invalidPost("%s is not valid JSON (%v)", name, err)
	}
	f.fields[name] = text
	return nil
}

func isFile(part *multipart.Part) bool {
	_, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	_, named := parameters["filename"]
	return err == nil && named
}

// envelope is the body that a request without a file would have.
func (f *form) envelope() []byte {
	b := []byte("{")
	for _, name := range []string{"data", "permissions"} {
		if text := f.fields[name]; text != nil {
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), name...), `":`...)
			b = append(b, text...)
		}
	}
	return append(b, '}')
}

func invalidPost(format string, args ...any) *domain.Error {
	return &domain.Error{Code: domain.InvalidPost, Details: []domain.Detail{{
		Location: domain.InBody, Description: fmt.Sprintf(format, args...),
	}}}
}

func invalid(format string, args ...any) *domain.Error {
	return domain.Invalidf(domain.InBody, nil, format, args...)
}

// limited is a body of which no more than left bytes are read, which must not stop for longer than patience, and which
// must have arrived at the end.
type limited struct {
	io.Reader
	left     int64
	exceeded bool
	control  *http.ResponseController
	patience time.Duration
	end      time.Time
}

var errExceeded = errors.New("the body is too large")

// Read implements io.Reader.
func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		l.exceeded = true
		return 0, errExceeded
	}
	now := time.Now()
	if now.After(l.end) {
		return 0, os.ErrDeadlineExceeded
	}
	// What is not a connection has no deadline, and needs none.
	_ = l.control.SetReadDeadline(now.Add(l.patience))
	n, err := l.Reader.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	return n, err
}

// done lets the connection wait for the next request.
func (l *limited) done() { _ = l.control.SetReadDeadline(time.Time{}) }

// measured is a file that is measured while it is read, and that is refused beyond the limit.
type measured struct {
	io.Reader
	hash  hash.Hash
	size  int64 // bytes read so far
	limit int64
	err   error // what ended it before its end, if it is not the limit
}

func newMeasured(r io.Reader, limit int64) *measured {
	return &measured{Reader: r, hash: sha256.New(), limit: limit}
}

var errFileTooLarge = errors.New("the file is too large")

// Read implements io.Reader.
func (m *measured) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	m.hash.Write(b[:n]) // never fails
	m.size += int64(n)
	if m.tooLarge() {
		return 0, errFileTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

func (m *measured) tooLarge() bool { return m.size > m.limit }

// refusal is the error for a file that is too large. So that it can tell the size it reads the rest, as much again as the
// limit and 1 MiB at most; of a file beyond that it tells what it has read.
func (m *measured) refusal() *domain.Error {
	more, _ := io.Copy(io.Discard, io.LimitReader(m.Reader, m.limit+1<<20)) // a client that is gone is told nothing
	return invalid("File size (%d bytes) exceeds the limit (%d bytes).", m.size+more, m.limit)
}
