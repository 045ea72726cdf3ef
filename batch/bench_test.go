package batch_test

import (
	"strings"
	"testing"

	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

const article = `{"data":{"title":"On the origin of things","body":"` +
	`Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.","tags":["a","b"],"n":42}}`

// benchWorld has a log on disk that syncs always, as the service does when it is installed with nothing else.
func benchWorld(b *testing.B) *service {
	b.Helper()
	server, err := embedded.Start(embedded.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Shutdown)
	conn, err := server.Connect()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	log, err := jetstream.Open(b.Context(), conn, jetstream.Config{})
	if err != nil {
		b.Fatal(err)
	}
	s := setup(b, log).serve(nil, nil)
	s.batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"},{"path":"/buckets/b/collections/c","method":"PUT"}]}`)
	return s
}

func BenchmarkSingleCreates(b *testing.B) {
	s := benchWorld(b)
	for b.Loop() {
		if got := s.send("POST", "/v1"+twins, article).Code; got != 201 {
			b.Fatalf("got %d", got)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkBatchOf25Creates(b *testing.B) {
	s := benchWorld(b)
	request := `{"method":"POST","path":"` + twins + `","headers":{"Authorization":"alice"},"body":` + article + `}`
	body := `{"requests":[` + request + strings.Repeat(","+request, 24) + `]}`
	for b.Loop() {
		if got := s.body(200, body); strings.Count(got, `"status":201`) != 25 {
			b.Fatalf("got %s", got)
		}
	}
	b.ReportMetric(float64(25*b.N)/b.Elapsed().Seconds(), "records/s")
}
