package sqlquery

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/kintolog/kintolog/projections"
)

// Migrate applies the files of the folder migrations that were not applied yet. It is projections.ErrNewer if others were.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, files fs.FS) error {
	folder, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, folder)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	applied, known, err := provider.GetVersions(ctx)
	if err == nil && applied > known {
		err = newer(applied, known)
	}
	if err == nil {
		_, err = provider.Up(ctx)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Current is nil if exactly the files of the folder migrations up to the last one were applied, of which that is the number.
// It is projections.ErrMissing, ErrOlder or ErrNewer otherwise.
func Current(files fs.ReadDirFS, applied int64) error {
	all, err := Pending(files, 0)
	if err != nil {
		return err
	}
	pending, err := Pending(files, applied)
	switch known := int64(len(all)); {
	case err != nil:
		return err
	case applied == 0:
		return projections.ErrMissing
	case applied > known:
		return newer(applied, known)
	case len(pending) > 0:
		return fmt.Errorf("%w: what its schema lacks is %s", projections.ErrOlder, strings.Join(pending, ", "))
	}
	return nil
}

func newer(applied, known int64) error {
	return fmt.Errorf("%w: its schema has the number %d, and this one goes up to %d", projections.ErrNewer, applied, known)
}

// Pending names the files of the folder migrations whose number, with which their names begin, is greater than that of
// the last one applied; in their order.
func Pending(files fs.ReadDirFS, applied int64) ([]string, error) {
	all, err := files.ReadDir("migrations")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var names []string
	for _, file := range all {
		number, _, _ := strings.Cut(file.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", file.Name(), err)
		}
		if n > applied {
			names = append(names, file.Name())
		}
	}
	return names, nil
}
