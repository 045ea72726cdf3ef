package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// bucket holds all that is measured.
const bucket = "bench"

var authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("bench:bench"))

// Names of the operations of the server.
const (
	createPUT  = "create, PUT"
	createPOST = "create, POST"
	batched    = "batch of 25 creates"
	update     = "update"
	get        = "get"
	list       = "list of 100"
	filtered   = "filtered list of 100"
	poll304    = "empty poll, If-None-Match"
	pollSince  = "empty poll, _since"
	total      = "total, HEAD"
)

// exchange is one kind of request to the server and the answer it must have.
type exchange struct {
	name   string
	method string
	// path appends what follows the URL of the records. N is a random number below the count of records.
	path func(to []byte, unique string, n int) []byte
	// header is a complete line, "" for none.
	header string
	// write tells that the request carries a record.
	write bool
	// batch is how many records a request of the endpoint for batches creates, 0 for a request of another kind.
	batch    int
	want     int // status
	min, max int // size of the answer's body in bytes
}

// reads are the exchanges that change nothing, for a collection with so many records, all up to a timestamp.
func reads(records int, timestamp string) []exchange {
	hundred := min(100, records)
	return append([]exchange{
		{name: get, method: "GET", path: loaded, want: 200, min: 400, max: 1000},
		{name: list, method: "GET", path: fixed("?_limit=100"), want: 200, min: 400 * hundred, max: 1000 * hundred},
		{
			name: filtered, method: "GET", want: 200, min: 400 * min(100, records/sections), max: 1000 * hundred,
			path: func(to []byte, _ string, n int) []byte {
				return strconv.AppendInt(append(to, "?_limit=100&section=s"...), int64(n%sections), 10)
			},
		},
	}, polling(timestamp)...)
}

// polling are those of reads that a large collection must not make slower.
func polling(timestamp string) []exchange {
	return []exchange{
		{name: poll304, method: "GET", path: fixed(""), header: "If-None-Match: \"" + timestamp + "\"\r\n", want: 304},
		{name: pollSince, method: "GET", path: fixed("?_since=" + timestamp), want: 200, min: 11, max: 16},
		{name: total, method: "HEAD", path: fixed(""), want: 200},
	}
}

// fixed is the path of the collection with a query.
func fixed(query string) func([]byte, string, int) []byte {
	return func(to []byte, _ string, _ int) []byte { return append(to, query...) }
}

// writes are the exchanges that change the collection. Those that make records come last.
func writes() []exchange {
	created := func(to []byte, unique string, _ int) []byte { return append(append(to, '/'), unique...) }
	return []exchange{
		{name: update, method: "PUT", path: loaded, write: true, want: 200, min: 400, max: 1200},
		{name: createPUT, method: "PUT", path: created, write: true, want: 201, min: 400, max: 1200},
		{name: createPOST, method: "POST", path: fixed(""), write: true, want: 201, min: 400, max: 1200},
		{name: batched, method: "POST", batch: batchSize, want: 200, min: 400 * batchSize, max: 2000 * batchSize},
	}
}

// batchSize is the default of how many requests a batch may have.
const batchSize = 25

func loaded(to []byte, _ string, n int) []byte { return append(append(to, '/'), recordID(n)...) }

// operation is the exchange with the records of a collection at an address. Run tells calls apart, so
// that no id is used twice.
func (e exchange) operation(address string, records int, run string) operation {
	return operation{e.name, func(ctx context.Context, number int) (client, error) {
		conn, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		w := &exchanger{
			exchange: e, connection: conn, address: address, records: records,
			prefix: fmt.Sprintf("%s-%d-", run, number), random: rand.New(rand.NewPCG(uint64(number), 1)),
		}
		return w, nil
	}}
}

// exchanger is a client that has one exchange again and again.
type exchanger struct {
	exchange
	*connection
	address string
	records int
	prefix  string
	random  *rand.Rand
	turn    int
	request []byte
	body    []byte
}

func (x *exchanger) Do(context.Context) error {
	x.turn++
	x.compose(x.random.IntN(max(x.records, 1)))
	got, err := x.roundTrip(x.request, x.method == http.MethodHead)
	if err != nil {
		return err
	}
	if got.status != x.want || got.size < x.min || got.size > x.max {
		return fmt.Errorf("answered with status %d and %d bytes, want %d and %d to %d bytes",
			got.status, got.size, x.want, x.min, x.max)
	}
	return nil
}

// compose writes the next request.
func (x *exchanger) compose(n int) {
	r := append(append(x.request[:0], x.method...), " /v1"...)
	if x.batch > 0 {
		r = append(r, "/batch"...)
	} else {
		r = x.path(append(r, recordsPath(x.records)...), x.prefix+strconv.Itoa(x.turn), n)
	}
	r = append(r, " HTTP/1.1\r\nHost: "...)
	r = append(r, x.address...)
	r = append(r, "\r\nAuthorization: "...)
	r = append(r, authorization...)
	r = append(r, "\r\n"...)
	r = append(r, x.header...)
	if x.fillBody(n); len(x.body) > 0 {
		r = append(r, "Content-Type: application/json\r\nContent-Length: "...)
		r = strconv.AppendInt(r, int64(len(x.body)), 10)
		r = append(r, "\r\n"...)
	}
	r = append(r, "\r\n"...)
	x.request = append(r, x.body...)
}

// fillBody makes the body of the next request.
func (x *exchanger) fillBody(n int) {
	x.body = x.body[:0]
	switch {
	case x.batch > 0:
		x.body = append(append(x.body, `{"defaults":{"method":"POST","path":"`...), recordsPath(x.records)...)
		x.body = append(x.body, `"},"requests":[`...)
		for i := range x.batch {
			if i > 0 {
				x.body = append(x.body, ',')
			}
			x.body = append(appendRecord(append(x.body, `{"body":{"data":`...), n+i), "}}"...)
		}
		x.body = append(x.body, "]}"...)
	case x.write:
		x.body = append(appendRecord(append(x.body, `{"data":`...), n), '}')
	}
}

// recordsPath is the path of the records of a collection, without the version.
func recordsPath(records int) string {
	return "/buckets/" + bucket + "/collections/" + collectionID(records) + "/records"
}
