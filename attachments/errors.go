package attachments

import (
	"errors"

	"github.com/kintolog/kintolog/domain"
)

// unavailable is the error for a store, or a log, that does not work now. An error for the client stays as it is.
func unavailable(err error) error {
	if _, ok := errors.AsType[*domain.Error](err); ok {
		return err
	}
	return &domain.Error{Code: domain.Unavailable, Cause: err}
}
