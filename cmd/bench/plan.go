package main

import "time"

// plan says what is measured and for how long.
type plan struct {
	backends []string
	sizes    []int // records in a collection, ascending
	clients  []int // that work at once, ascending
	bound    bound // of one measurement
	// million adds polls and totals of a collection of a million records.
	million bool
}

// Names of the two ways to run.
const (
	embeddedName = "embedded"
	postgresName = "postgres"
)

const million = 1_000_000

// complete takes about five minutes on two cores.
func complete() plan {
	return plan{
		backends: []string{embeddedName, postgresName},
		sizes:    []int{1_000, 100_000},
		clients:  []int{1, 16, 64},
		bound:    bound{time.Second, 200_000},
	}
}

// quick takes about a minute and shows whether something is badly wrong. Its numbers are noisy.
func quick() plan {
	p := complete()
	p.sizes = []int{1_000, 10_000}
	p.bound = bound{150 * time.Millisecond, 20_000}
	return p
}
