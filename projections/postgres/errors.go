package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kintolog/kintolog/projections"
)

// codeMoved is raised by the function advance of the schema.
const codeMoved = "KL001"

// wrap says by its code what an error of the driver means: [projections.ErrMoved], [projections.ErrRefused],
// [projections.ErrUnavailable], or nothing in particular. The codes are those of appendix A of the manual.
func wrap(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return wrapCode(e.Code, err)
	}
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	_, network := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if network || connecting || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) {
		return fmt.Errorf("%w: %w", projections.ErrUnavailable, err)
	}
	return err
}

func wrapCode(code string, err error) error {
	if code == codeMoved {
		return fmt.Errorf("%w: %w", projections.ErrMoved, err)
	}
	switch code[:min(2, len(code))] {
	case "22", "23", "54": // data exception, integrity constraint, program limit
		return fmt.Errorf("%w: %w", projections.ErrRefused, err)
	case "08", "25", "28", "3D", "40", "53", "55", "57", "58": // connection, read-only, login, no such database, rollback, resources, locks, operator, system
		return fmt.Errorf("%w: %w", projections.ErrUnavailable, err)
	}
	return err
}
