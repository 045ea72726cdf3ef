package attachments

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"
)

// Store keeps files by key: segments separated by slashes, none of them empty, "." or "..". All methods may be called
// concurrently, by several processes where the implementation is shared.
type Store interface {
	// Put stores what r yields. When it returns nil the file is as durable as the store makes anything; after an error
	// there is no file, unless the error came while the outcome was on its way. It is ErrExists if there is one with the key already,
	// which stays as it is.
	Put(ctx context.Context, key, mimeType string, r io.Reader) error
	// Open opens a file to read; the error is ErrMissing if there is none.
	Open(ctx context.Context, key string) (*File, error)
	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List calls yield for each file below a folder, in any order, until it returns an error, which List returns. The folder
	// "a" holds "a/b" and "a/b/c", not "ab"; one that is not there is empty. Files may be deleted meanwhile.
	List(ctx context.Context, folder string, yield func(Entry) error) error
}

// isKey tells whether a text can be a key.
func isKey(text string) bool { return fs.ValidPath(text) && text != "." }

// Errors of a Store, matched with errors.Is.
var (
	ErrExists  = errors.New("there is a file with this key")
	ErrMissing = fs.ErrNotExist
)

// File is a file that was opened. Whoever opened it closes it.
type File struct {
	io.ReadSeekCloser
	Modified time.Time
}

// Entry is a file in a list.
type Entry struct {
	Key      string
	Modified time.Time
}
