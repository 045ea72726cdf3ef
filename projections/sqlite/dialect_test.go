package sqlite

import (
	"testing"

	"github.com/kintolog/kintolog/projections/internal/sqlquery/sqltest"
)

func TestWritesTheSameSQL(t *testing.T) {
	t.Parallel()
	sqltest.Golden(t, dialect{})
}
