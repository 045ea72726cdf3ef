package main

import (
	"slices"
	"time"
)

// ascending puts everything into one sorted list.
func ascending(lists [][]time.Duration) []time.Duration {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return all
}

// percentile returns the smallest value that at least p percent of the ascending values do not exceed (the nearest rank), and 0 of
// none. P is above 0 and at most 100.
func percentile(ascending []time.Duration, p int) time.Duration {
	if len(ascending) == 0 {
		return 0
	}
	rank := (len(ascending)*p + 99) / 100
	return ascending[rank-1]
}
