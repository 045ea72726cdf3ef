package main

import (
	"testing"
	"time"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([][]time.Duration, 2)
	for i := 100; i > 0; i-- {
		hundred[i%2] = append(hundred[i%2], time.Duration(i))
	}
	for _, c := range []struct {
		values [][]time.Duration
		p      int
		want   time.Duration
	}{
		{nil, 50, 0},
		{[][]time.Duration{{7}}, 1, 7},
		{[][]time.Duration{{7}}, 99, 7},
		{[][]time.Duration{{3, 1}, {2}}, 50, 2},
		{[][]time.Duration{{3, 1}, {2}}, 99, 3},
		{[][]time.Duration{{4, 1}, {3, 2}}, 50, 2},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := percentile(ascending(c.values), c.p); got != c.want {
			t.Errorf("percentile %d of %v: got %d, want %d", c.p, c.values, got, c.want)
		}
	}
}
