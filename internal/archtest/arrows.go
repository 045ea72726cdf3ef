// Package archtest holds the directions in which the packages of this module
// may import each other, as a table and a function that judges one package.
// Its test judges every package there is, so a wrong arrow fails `go test`.
//
// .golangci.yml says the same to depguard, for editors. When they differ, this
// is right. Start with [arrows].
//
// Tests are free: that is where real pieces are put together.
package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the import path that every path in this package is relative to.
const Module = "github.com/kintolog/kintolog"

// Package is what the rules need to know of a package.
type Package struct {
	Path    string   // relative to Module; "" is the root
	Imports []string // complete paths, those of test files left out
}

// arrows lists what a layer may import of this module. The first row that
// matches a package counts; a package that no row matches may import all.
// "x/..." is x and everything below.
var arrows = []struct {
	from string
	to   []string
}{
	{"domain/...", []string{"domain/..."}},
	{"eventstore/...", []string{"eventstore/...", "domain/..."}},
	{"projections/...", []string{"projections/...", "eventstore/...", "domain/..."}},
	{"web/...", []string{"web/...", "domain/..."}},
	{"readapi/...", []string{"readapi/...", "web/...", "domain/..."}},
	{"writeapi/...", []string{"writeapi/...", "web/...", "eventstore", "domain/..."}},
	{"kinto", []string{"kinto/schema", "domain/..."}},
	{"kinto/...", []string{"kinto/...", "server", "readapi/...", "writeapi/...", "web/...", "eventstore", "domain/..."}},
	{"idempotency/...", []string{"idempotency/...", "readapi/...", "writeapi/...", "web/...", "domain/..."}},
	{"openapi", []string{"web/...", "domain/..."}},
	{"attachments", []string{"server", "idempotency", "readapi/...", "writeapi/...", "web/...", "eventstore", "domain/..."}},
	{"listeners", []string{"server", "eventstore", "eventstore/feed", "projections", "writeapi/...", "web/...", "cache", "domain/..."}},
	{"live", []string{"server", "eventstore", "eventstore/feed", "readapi", "web/...", "domain/..."}},
	{"metrics", []string{"server", "eventstore", "projections", "writeapi/...", "web/...", "cache", "domain/..."}},
	{"tracing", []string{"server", "eventstore", "projections", "domain/..."}},
	{"batch/...", []string{"batch/...", "idempotency", "readapi/...", "writeapi/...", "web/...", "domain/..."}},
	{"cache/...", []string{"cache/...", "domain/..."}},
}

// domainLibraries is all that domain may use beside the standard library: pure
// functions over JSON and ids, without I/O.
var domainLibraries = []string{
	"github.com/go-json-experiment/json/...",
	"github.com/google/uuid",
}

// fences lists libraries that only some packages may name.
var fences = []struct {
	what    string
	library []string
	only    []string
}{
	{
		"a database driver",
		[]string{
			"github.com/jackc/...", "modernc.org/sqlite/...",
			"github.com/lib/pq/...", "github.com/mattn/go-sqlite3/...", "github.com/ncruces/go-sqlite3/...",
		},
		[]string{"projections/postgres/...", "projections/sqlite/...", "internal/pgtest", "cmd/bench/..."},
	},
	{
		"NATS",
		[]string{"github.com/nats-io/...", "github.com/synadia-io/..."},
		[]string{"cache/natskv", "eventstore/jetstream/...", "internal/natstest/...", "server/...", "program", "cmd/...", "examples/..."},
	},
}

// testKitUsers are the programs that start throwaway servers. Apart from them,
// only tests and other test kits import a test kit, which is "testing" and any
// package whose name ends in "test": none gets into a program that we ship.
var testKitUsers = []string{"cmd/bench/...", "examples/..."}

// Violations returns one sentence for each import that p must not have.
func Violations(p Package) []string {
	var found []string
	for _, path := range p.Imports {
		if reason := forbidden(p.Path, path); reason != "" {
			found = append(found, fmt.Sprintf("%s imports %s: %s", p.Path, path, reason))
		}
	}
	return found
}

// forbidden returns why a package must not import path, or "".
func forbidden(from, path string) string {
	if local, ok := relative(path); ok {
		if to := destinations(from); to != nil && !matchesAny(to, local) {
			return "it may import " + strings.Join(to, ", ")
		}
	} else if matches("domain/...", from) && !isStandard(path) && !matchesAny(domainLibraries, path) {
		return "domain is pure, and uses the standard library and a short list of others"
	}
	if isTestKit(path) && !isTestKit(from) && !matchesAny(testKitUsers, from) {
		return "a test kit is for tests, other test kits, " + strings.Join(testKitUsers, ", ")
	}
	for _, fence := range fences {
		if matchesAny(fence.library, path) && !matchesAny(fence.only, from) {
			return fence.what + " belongs in " + strings.Join(fence.only, ", ")
		}
	}
	return ""
}

func destinations(from string) []string {
	for _, arrow := range arrows {
		if matches(arrow.from, from) {
			return arrow.to
		}
	}
	return nil
}

func relative(path string) (string, bool) {
	if path == Module {
		return "", true
	}
	return strings.CutPrefix(path, Module+"/")
}

func isTestKit(path string) bool {
	return path == "testing" || strings.HasSuffix(path, "test")
}

// isStandard reports whether path is of the standard library: other paths
// begin with a host name.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, path) })
}

func matches(pattern, path string) bool {
	tree, ok := strings.CutSuffix(pattern, "/...")
	return path == tree || ok && strings.HasPrefix(path, tree+"/")
}
