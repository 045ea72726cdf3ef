package main

import (
	"regexp"
	"time"
)

// plan says what is measured and for how long.
type plan struct {
	backends []string
	sizes    []int // records in a collection, ascending
	clients  []int // that work at once, ascending
	bound    bound // of one measurement
	// million adds polls and totals of a collection of a million records.
	million bool
	// wanted matches the names of the operations to measure.
	wanted *regexp.Regexp
	// profiles is a folder that takes a CPU profile of each server, "" for none.
	profiles string
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
		bound:    bound{400 * time.Millisecond, 100_000, 3},
		wanted:   regexp.MustCompile(""),
	}
}

// quick takes about a minute and shows whether something is badly wrong. Its numbers are noisy.
func quick() plan {
	p := complete()
	p.sizes = []int{1_000, 10_000}
	p.bound = bound{100 * time.Millisecond, 20_000, 1}
	return p
}
