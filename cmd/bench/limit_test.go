package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// little is enough to see that an operation works.
var little = bound{time.Minute, 40, 1}

func try(t *testing.T, op operation, clients int) {
	t.Helper()
	o, err := measure(t.Context(), op, clients, little, nil)
	if err != nil {
		t.Errorf("%s with %d clients: %v", op.name, clients, err)
	} else if o.Count != 40 {
		t.Errorf("%s with %d clients: got %d operations, want 40", op.name, clients, o.Count)
	}
}

func TestThePartsOfTheLogWork(t *testing.T) {
	t.Parallel()
	log, err := startBareLog(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.server.Shutdown)
	try(t, syncedFile(t.TempDir()), 1)
	try(t, log.operation(), 1)
	try(t, log.operation(), 4)
}

func TestThePartsOfSQLiteWork(t *testing.T) {
	t.Parallel()
	db, err := openSQLiteRows(t.Context(), filepath.Join(t.TempDir(), "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.fill(t.Context(), 300); err != nil {
		t.Fatal(err)
	}
	tryBare(t, db)
	for _, op := range db.operations(300) {
		try(t, op, 1)
	}
}

func TestThePartsOfPostgreSQLWork(t *testing.T) {
	t.Parallel()
	db, err := openPostgresRows(t.Context(), pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.fill(t.Context(), 300); err != nil {
		t.Fatal(err)
	}
	tryBare(t, db)
	for _, op := range db.operations(300, "run") {
		try(t, op, 4)
	}
}

// tryBare checks the bare server over rows that are as they were loaded. The operations check the sizes of answers.
func tryBare(t *testing.T, db rows) {
	t.Helper()
	server := httptest.NewServer(bareHandler(db))
	t.Cleanup(server.Close)
	for _, op := range bareOperations(server.Listener.Addr().String(), 300) {
		try(t, op, 4)
	}
	first := ""
	err := db.Newest(t.Context(), collectionID(300), 1, func(row []byte) { first = string(row) })
	if want := string(appendRecord(nil, 299)); err != nil || first != want {
		t.Errorf("newest row: got %s, %v, want %s", first, err, want)
	}
}

func TestAStackOfPostgreSQLSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := startStack(t.Context(), postgresName, program{filepath.Join(t.TempDir(), "no-such-program")}, t.TempDir())
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that there is no such program", err)
	}
}
