package main

import "time"

// key says what was measured, and where.
type key struct {
	Backend string
	Records int
	Clients int
	Name    string
}

// results is everything that a run has found.
type results struct {
	outcomes map[key]outcome
	loads    map[key]time.Duration // how long it took to load a collection; Clients and Name are empty
	problems []string              // what could not be measured, a sentence each
}

func newResults() *results {
	return &results{outcomes: map[key]outcome{}, loads: map[key]time.Duration{}}
}

// others is the mean share of the cores that programs without a part in the run have used.
func (r *results) others() float64 {
	var used, elapsed float64
	for _, o := range r.outcomes {
		used += o.Others * o.Elapsed.Seconds()
		elapsed += o.Elapsed.Seconds()
	}
	if elapsed == 0 {
		return 0
	}
	return used / elapsed
}
