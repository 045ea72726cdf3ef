package attachments

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// hidden is the folder of what is no attachment. Keys of attachments have no segment that begins with a dot.
const hidden = ".kintolog"

// isHidden tells a key that is not for the public.
func isHidden(key string) bool { return strings.HasPrefix(key, ".") || strings.Contains(key, "/.") }

// mark names a record and a file that was made for it. Marks are in the folder of the log that the record is in:
// services that share a store by mistake, or one that was begun anew, do not take each other's files for leftovers.
type mark struct {
	log    string
	record domain.URI
	key    string // of the file
}

// between stands between the record and the file. It is no id.
const between = "/-/"

// folder is that of the marks of everything at or below an object, of all of the log for "".
func folder(log string, u domain.URI) string { return hidden + "/" + log + string(u) }

// path is the key of the mark itself.
func (m mark) path() string { return folder(m.log, m.record) + between + m.key }

// claim is the key of what reserves a name that was not made up.
func (m mark) claim() string { return hidden + "/names/" + m.log + "/" + m.key }

func parseMark(path string) (m mark, ok bool) {
	rest, isHidden := strings.CutPrefix(path, hidden+"/")
	log, rest, hasLog := strings.Cut(rest, "/")
	record, key, hasKey := strings.Cut("/"+rest, between)
	return mark{log, domain.URI(record), key}, isHidden && hasLog && hasKey
}

// identity finds out, once, what tells a log from others.
type identity struct {
	log eventstore.Log

	mu sync.Mutex
	id string // "" as long as it is not known
}

var errEmptyLog = errors.New("the log is empty")

// get is the beginning of the hash of the first entry, in hexadecimal digits. A log without entries has none yet: errEmptyLog.
func (i *identity) get(ctx context.Context) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.id != "" {
		return i.id, nil
	}
	for entry, err := range i.log.Read(ctx, 0) {
		if err != nil {
			return "", err
		}
		i.id = hex.EncodeToString(entry.Hash[:8])
		return i.id, nil
	}
	return "", errEmptyLog
}

// escaped is a key as a part of a URL.
func escaped(key string) string {
	segments := strings.Split(key, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
