package main

import (
	"fmt"
	"time"
)

// aim is one thing that is expected, and what was found.
type aim struct {
	Backend  string
	Expected string
	Found    string
	Met      bool
}

// judge compares the results with what is expected of a server that is durable and shows what it has acknowledged. It
// leaves out what was not measured. All but the comparison of sizes is judged with the largest collection.
func judge(r *results, backend string, sizes []int) (aims []aim) {
	j := judgement{results: r, backend: backend, records: sizes[len(sizes)-1]}
	j.oneWriter()
	j.manyWriters()
	j.cpu()
	j.batches()
	j.reads("get", get, barePoint)
	j.reads("list of 100", list, bareList)
	j.sizes("empty poll with If-None-Match", poll304, sizes[0])
	j.sizes("empty poll with _since", pollSince, sizes[0])
	j.sizes("total", total, sizes[0])
	return j.aims
}

type judgement struct {
	results *results
	backend string
	records int
	aims    []aim
}

// at finds the results with so many clients and the largest collection; ok tells that all were measured.
func (j *judgement) at(clients int, names ...string) (found []outcome, ok bool) {
	for _, name := range names {
		o, measured := j.results.outcomes[key{j.backend, j.records, clients, name}]
		if !measured {
			return nil, false
		}
		found = append(found, o)
	}
	return found, true
}

func (j *judgement) add(met bool, expected, found string, args ...any) {
	j.aims = append(j.aims, aim{j.backend, expected, fmt.Sprintf(found, args...), met})
}

// upsertOf names the transaction that a read model cannot do without.
func upsertOf(backend string) string {
	if backend == postgresName {
		return postgresUpsert
	}
	return sqliteUpsert
}

func (j *judgement) oneWriter() {
	o, ok := j.at(1, createPUT, publish, upsertOf(j.backend))
	if !ok {
		return
	}
	write, parts := o[0].P50, o[1].P50+o[2].P50
	ratio := float64(write) / float64(parts)
	j.add(ratio <= 2.5, "1 client: a create takes at most 2.5 times a synced publish and a transaction",
		"%s, %.1f times %s", micro(write), ratio, micro(parts))
	j.add(write < 700*time.Microsecond, "1 client: a create takes less than 700 µs", "%s", micro(write))
}

func (j *judgement) manyWriters() {
	want := 5000.0
	if j.backend == postgresName {
		want = 4000
	}
	if o, ok := j.at(16, createPUT); ok {
		j.add(o[0].Rate() >= want, fmt.Sprintf("16 clients: at least %.0f creates/s", want), "%.0f/s", o[0].Rate())
	}
	o, ok := j.at(64, createPUT)
	insert, measured := j.results.outcomes[key{postgresName, j.records, 64, postgresInsert}]
	if ok && measured {
		ratio := o[0].Rate() / insert.Rate()
		j.add(ratio >= 0.5, "64 clients: creates at half the rate of bare durable inserts into PostgreSQL",
			"%.0f/s, %.2f of %.0f/s", o[0].Rate(), ratio, insert.Rate())
	}
}

func (j *judgement) cpu() {
	if o, ok := j.at(16, createPUT); ok {
		j.add(o[0].Server < 250*time.Microsecond, "16 clients: a create takes less than 250 µs of CPU in all processes",
			"%s", micro(o[0].Server))
	}
}

// batches wants five times the records that requests of their own create. The worst count of clients decides.
func (j *judgement) batches() {
	j.worst("batch of 25: at least 5 times the records that single creates make", 5, func(clients int) (ratio float64, found string, ok bool) {
		o, ok := j.at(clients, batched, createPOST)
		if !ok {
			return 0, "", false
		}
		records, single := o[0].Rate()*batchSize, o[1].Rate()
		ratio = records / single
		return ratio, fmt.Sprintf("%.1f times with %d clients, %.0f/s and %.0f/s", ratio, clients, records, single), true
	})
}

// reads wants half the rate of the driver behind bare HTTP. The worst count of clients decides.
func (j *judgement) reads(what, name, limit string) {
	j.worst(what+": at least half the rate of the driver behind bare HTTP", 0.5, func(clients int) (ratio float64, found string, ok bool) {
		o, ok := j.at(clients, name, limit)
		if !ok {
			return 0, "", false
		}
		ratio = o[0].Rate() / o[1].Rate()
		return ratio, fmt.Sprintf("%.2f with %d clients, %.0f/s of %.0f/s", ratio, clients, o[0].Rate(), o[1].Rate()), true
	})
}

// worst adds an aim for a ratio that is to be at least so much with every count of clients.
func (j *judgement) worst(expected string, least float64, at func(clients int) (ratio float64, found string, ok bool)) {
	lowest, shown := 0.0, ""
	for _, clients := range []int{1, 16, 64} {
		if ratio, found, ok := at(clients); ok && (shown == "" || ratio < lowest) {
			lowest, shown = ratio, found
		}
	}
	if shown != "" {
		j.add(lowest >= least, expected, "%s", shown)
	}
}

// alike is how far two measurements of the same may be apart on a machine that does other things too.
const alike = 1.25

// sizes wants an operation to cost the same with few records as with many, in the median time of one client.
func (j *judgement) sizes(what, name string, few int) {
	small, ok := j.results.outcomes[key{j.backend, few, 1, name}]
	for _, many := range []int{j.records, million} {
		large, measured := j.results.outcomes[key{j.backend, many, 1, name}]
		if ok && measured && many != few {
			ratio := float64(large.P50) / float64(small.P50)
			j.add(ratio <= alike, fmt.Sprintf("%s: the same with %s records as with %s", what, thousands(many), thousands(few)),
				"%s, %.2f times %s", micro(large.P50), ratio, micro(small.P50))
		}
	}
}
