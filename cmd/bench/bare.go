package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Names of what the bare server does.
const (
	bareBytes = "bare HTTP: 500 bytes"
	barePoint = "bare HTTP and driver: one row"
	bareList  = "bare HTTP and driver: 100 rows"
)

// bareCommand is the first argument that makes this program a bare server.
const bareCommand = "serve-bare"

// rows is a database with the rows that [fillRows] describes, read with nothing but its driver.
type rows interface {
	// One returns the text of a row.
	One(ctx context.Context, plural, id string) ([]byte, error)
	// Newest calls each for the text of up to n rows, the newest first.
	Newest(ctx context.Context, plural string, n int, each func([]byte)) error
}

// serveBare answers over a database what the server answers, with net/http and a driver and nothing else: no
// authentication, permissions, parsing, timestamps or headers. It prints its address and ends when its input
// does.
func serveBare(ctx context.Context, kind, source string) error {
	db, err := openRows(ctx, kind, source)
	if err != nil {
		return fmt.Errorf("serve rows of %s: %w", kind, err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve rows of %s: %w", kind, err)
	}
	server := &http.Server{Handler: bareHandler(db)}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Print(l.Addr())
	_ = os.Stdout.Close()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func openRows(ctx context.Context, kind, source string) (rows, error) {
	if kind == postgresName {
		return openPostgresRows(ctx, source)
	}
	return openSQLiteRows(ctx, source)
}

func bareHandler(db rows) http.Handler {
	bytes500 := []byte(strings.Repeat("x", 500))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bytes", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes500)
	})
	mux.HandleFunc("GET /one/{plural}/{id}", func(w http.ResponseWriter, r *http.Request) {
		row, err := db.One(r.Context(), r.PathValue("plural"), r.PathValue("id"))
		reply(w, row, err)
	})
	mux.HandleFunc("GET /newest/{plural}", func(w http.ResponseWriter, r *http.Request) {
		body := append(make([]byte, 0, 64<<10), `{"data":[`...)
		err := db.Newest(r.Context(), r.PathValue("plural"), 100, func(row []byte) {
			body = append(append(body, row...), ',')
		})
		body[len(body)-1] = ']'
		reply(w, append(body, '}'), err)
	})
	return mux
}

func reply(w http.ResponseWriter, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// bareOperations are what a bare server at an address does with so many rows.
func bareOperations(address string, records int) []operation {
	plural := collectionID(records)
	hundred := min(100, records)
	return []operation{
		bareOperation(bareBytes, address, 500, 500, func(int) string { return "/bytes" }),
		bareOperation(barePoint, address, 400, 1000, func(n int) string {
			return "/one/" + plural + "/" + recordID(n%records)
		}),
		bareOperation(bareList, address, 400*hundred, 1000*hundred, func(int) string { return "/newest/" + plural }),
	}
}

func bareOperation(name, address string, least, most int, path func(n int) string) operation {
	return operation{name, func(ctx context.Context, number int) (client, error) {
		conn, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		n := number * 7919
		do := func(context.Context) error {
			n += 104729 // a prime: all over the rows
			got, err := conn.roundTrip([]byte("GET "+path(n)+" HTTP/1.1\r\nHost: "+address+"\r\n\r\n"), false)
			if err == nil && (got.status != http.StatusOK || got.size < least || got.size > most) {
				err = fmt.Errorf("answered with status %d and %d bytes, want 200 and %d to %d bytes",
					got.status, got.size, least, most)
			}
			return err
		}
		return plain{do, conn.Close}, nil
	}}
}
