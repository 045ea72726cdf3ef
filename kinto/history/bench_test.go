package history_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// BenchmarkProject measures what history costs the projector: one operation is one record of 1 kB that is created, in
// commits of so many.
func BenchmarkProject(b *testing.B) {
	for _, commit := range []int{1, 25} {
		for _, c := range []struct {
			name    string
			plugins []domain.Resource
		}{
			{"without", nil},
			{"with", history.New(history.Options{}).Resources},
			{"trimmed", history.New(history.Options{Trim: &history.Trim{MaxCount: 1000, Threshold: 100}}).Resources},
		} {
			b.Run(fmt.Sprintf("commit=%d/%s", commit, c.name), func(b *testing.B) { project(b, commit, c.plugins) })
		}
	}
}

func project(b *testing.B, commit int, more []domain.Resource) {
	catalog, err := domain.NewCatalog(domain.Policy{}, append(kinto.Resources(), more...)...)
	if err != nil {
		b.Fatal(err)
	}
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	log := memlog.New()
	runner, err := projections.Start(b.Context(), log, store, catalog, projections.RunnerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer runner.Close()
	var tail eventstore.Tail
	n := 0
	write := func(events ...domain.Event) {
		if tail, err = log.Append(b.Context(), tail, eventstore.Commit{ID: fmt.Sprint("c", tail.Position), Events: events}); err != nil {
			b.Fatal(err)
		}
		if err := runner.Wait(b.Context(), tail.Position); err != nil {
			b.Fatal(err)
		}
	}
	write(created("bucket", "/buckets/b", 1, ""))
	write(created("collection", "/buckets/b/collections/c", 2, ""))
	b.ResetTimer()
	for n < b.N {
		var events []domain.Event
		for ; n < b.N && len(events) < commit; n++ {
			events = append(events, created("record", domain.URI(fmt.Sprintf("%s/r%d", records, n)), n+3, strings.Repeat("lorem ipsum ", 80)))
		}
		write(events...)
	}
}

func created(resource string, u domain.URI, at int, text string) domain.Event {
	t := domain.Timestamp(1_700_000_000_000 + at)
	return domain.Event{
		Action: domain.Created, Resource: resource, Origin: domain.Origin{Time: t, UserID: "account:mat"},
		Object: domain.Object{
			URI: u, LastModified: t, Created: t, Data: fmt.Appendf(nil, `{"id":%q,"last_modified":%d,"text":%q}`, u.ID(), t, text),
			Permissions: domain.Permissions{"write": {"account:mat"}},
		},
	}
}
