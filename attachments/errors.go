package attachments

import (
	"errors"
	"io/fs"

	"github.com/kintolog/kintolog/domain"
)

// unavailable is the error for a store, or a log, that does not work now. An error for the client stays as it is.
func unavailable(err error) error {
	if _, ok := errors.AsType[*domain.Error](err); ok {
		return err
	}
	return &domain.Error{Code: domain.Unavailable, Cause: err}
}

func isMissing(err error) bool { return errors.Is(err, ErrMissing) }

// isKey tells whether a text can be a key.
func isKey(text string) bool { return fs.ValidPath(text) && text != "." }
