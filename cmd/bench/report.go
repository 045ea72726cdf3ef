package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// render writes the results down in Markdown.
func render(r *results, p plan, when time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s with %s on %s/%s, %d cores, clients included. Other programs used %.0f %% of the cores meanwhile.\n\n",
		when.UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), 100*r.others())
	var aims [][]string
	for _, backend := range p.backends {
		for _, a := range judge(r, backend, p.sizes) {
			aims = append(aims, []string{a.Expected, a.Backend, a.Found, map[bool]string{true: "met", false: "**missed**"}[a.Met]})
		}
	}
	b.WriteString("### Aims\n\n")
	b.WriteString(table([]string{"aim", "backend", "found", ""}, aims))
	for _, backend := range p.backends {
		for _, records := range p.sizes {
			renderSize(&b, r, p, backend, records)
		}
		if p.million {
			renderSize(&b, r, p, backend, million)
		}
	}
	for _, problem := range r.problems {
		fmt.Fprintf(&b, "\nProblem: %s\n", strings.ReplaceAll(problem, "\n", " "))
	}
	return b.String()
}

// operations of a table, in order: the bare ones above those of the server that they limit.
var operations = []string{
	bareBytes, barePoint, get, bareList, list, filtered, poll304, pollSince, total,
	appendFsync, publish, sqliteUpsert, sqlitePoint, postgresUpsert, postgresPoint, postgresInsert,
	update, createPUT, createPOST, batched,
}

func renderSize(b *strings.Builder, r *results, p plan, backend string, records int) {
	header := []string{"operation"}
	for _, clients := range p.clients {
		header = append(header, fmt.Sprintf("%d: rate/s", clients), "p50", "p99", "CPU")
	}
	var lines [][]string
	for _, name := range operations {
		if cells, ok := line(r, p, key{Backend: backend, Records: records, Name: name}); ok {
			lines = append(lines, cells)
		}
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s, %s records\n\n", title(backend), thousands(records))
	b.WriteString(table(header, lines))
	if took, ok := r.loads[key{Backend: backend, Records: records}]; ok {
		fmt.Fprintf(b, "\nLoaded over %d connections: %s records/s.\n",
			loaders, thousands(int(float64(records)/took.Seconds())))
	}
}

// line has the results of an operation with each count of clients; ok tells that there are any.
func line(r *results, p plan, at key) (cells []string, ok bool) {
	cells = []string{at.Name}
	for _, clients := range p.clients {
		at.Clients = clients
		o, measured := r.outcomes[at]
		if !measured {
			cells = append(cells, "", "", "", "")
			continue
		}
		ok = true
		cpu := micro(o.Server)
		if o.Server == 0 {
			cpu = ""
		}
		cells = append(cells, thousands(int(o.Rate())), micro(o.P50), micro(o.P99), cpu)
	}
	return cells, ok
}

func title(backend string) string {
	if backend == postgresName {
		return "PostgreSQL"
	}
	return "Embedded"
}

// table is a table of Markdown whose columns line up as text too. All but the first are aligned to the right where they
// are numbers.
func table(header []string, lines [][]string) string {
	widths := make([]int, len(header))
	for _, cells := range append([][]string{header}, lines...) {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	writeLine(&b, header, widths)
	rules := make([]string, len(header))
	for i, width := range widths {
		rules[i] = strings.Repeat("-", width)
	}
	writeLine(&b, rules, widths)
	for _, cells := range lines {
		writeLine(&b, cells, widths)
	}
	return b.String()
}

func writeLine(b *strings.Builder, cells []string, widths []int) {
	for i, cell := range cells {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		b.WriteString("| " + cell + pad + " ")
	}
	b.WriteString("|\n")
}

// micro writes a duration in microseconds, with three digits where it has them.
func micro(d time.Duration) string {
	us := float64(d) / float64(time.Microsecond)
	if us < 10 {
		return strconv.FormatFloat(us, 'f', 1, 64) + " µs"
	}
	return thousands(int(us+0.5)) + " µs"
}

// thousands writes a number that is not negative with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
