package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// found are results as they could be, with creates that take so long.
func found(create time.Duration) *results {
	r := newResults()
	put := func(records, clients int, name string, o outcome) {
		r.outcomes[key{embeddedName, records, clients, name}] = o
	}
	us := time.Microsecond
	put(100_000, 1, createPUT, outcome{Count: 1000, Elapsed: time.Second, P50: create, P99: 2 * create})
	put(100_000, 1, publish, outcome{Count: 4000, Elapsed: time.Second, P50: 200 * us, P99: 300 * us})
	put(100_000, 1, sqliteUpsert, outcome{Count: 9000, Elapsed: time.Second, P50: 50 * us, P99: 90 * us})
	put(100_000, 16, createPUT, outcome{Count: 12_000, Elapsed: 2 * time.Second, Server: 100 * us})
	put(100_000, 16, createPOST, outcome{Count: 4000, Elapsed: time.Second})
	put(100_000, 16, batched, outcome{Count: 800, Elapsed: time.Second})
	put(100_000, 16, get, outcome{Count: 1000, Elapsed: time.Second})
	put(100_000, 16, barePoint, outcome{Count: 4000, Elapsed: time.Second})
	put(1_000, 1, total, outcome{P50: 100 * us})
	put(100_000, 1, total, outcome{P50: 110 * us})
	r.loads[key{Backend: embeddedName, Records: 100_000}] = 2 * time.Second
	return r
}

func TestJudgeComparesWithTheLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		create time.Duration
		want   []bool // in order: ratio, time, rate, CPU, batch, get, total
	}{
		{500 * time.Microsecond, []bool{true, true, true, true, true, false, true}},
		{650 * time.Microsecond, []bool{false, true, true, true, true, false, true}},
		{700 * time.Microsecond, []bool{false, false, true, true, true, false, true}},
	} {
		var got []bool
		for _, a := range judge(found(c.create), embeddedName, []int{1_000, 100_000}) {
			got = append(got, a.Met)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("create in %v: got %v, want %v", c.create, got, c.want)
		}
	}
}

func TestRenderShowsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	r := found(700 * time.Microsecond)
	r.problems = []string{"postgres is not measured: it is not installed"}
	got := render(r, complete(), time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC))
	for _, want := range []string{
		"Measured on 2031-05-06 with go",
		"| embedded | 700 µs, 2.8 times 250 µs",
		"**missed** |",
		"### Embedded, 100,000 records",
		"| create, PUT                          | 1,000     | 700 µs | 1,400 µs |     | 6,000      | 0.0 µs | 0.0 µs | 100 µs |",
		"50,000 records/s",
		"Problem: postgres is not measured: it is not installed",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "PostgreSQL, 1,000") {
		t.Errorf("got a table without lines in\n%s", got)
	}
}

func TestTablesLineUp(t *testing.T) {
	t.Parallel()
	got := table([]string{"a", "time"}, [][]string{{"long", "1 µs"}, {"", "10 µs"}})
	want := "| a    | time  |\n| ---- | ----- |\n| long | 1 µs  |\n|      | 10 µs |\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNumbersAreEasyToRead(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0.0 µs", 1234: "1.2 µs", 56_789: "57 µs", 1_234_567: "1,235 µs", 2 * time.Second: "2,000,000 µs",
	} {
		if got := micro(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
