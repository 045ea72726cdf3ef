package tracing_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
	"github.com/kintolog/kintolog/tracing"
)

func TestWhatAnotherProjectorAppliedIsNotToldAgain(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "model.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	told := tracetest.NewSpanRecorder()
	plugin := tracing.Plugin(trace.NewTracerProvider(trace.WithSpanProcessor(told)))
	events, model := memlog.New(), plugin.Wrap.Model(store)
	var tails []eventstore.Tail
	for i, id := range []string{"first", "second"} {
		o := domain.Object{URI: domain.URI("/l/" + id), LastModified: domain.Timestamp(i + 1), Data: []byte(`{}`)}
		origin := domain.Origin{Time: domain.TimestampOf(time.Now()), Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
		tail, err := events.Append(t.Context(), append([]eventstore.Tail{{}}, tails...)[i], eventstore.Commit{
			ID: id, Events: []domain.Event{{Action: domain.Created, Resource: "l", Object: o, Origin: origin}},
		})
		if err != nil {
			t.Fatal(err)
		}
		tails = append(tails, tail)
	}
	for entry, err := range plugin.Wrap.Log(events).Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Position == tails[1].Position {
			break
		}
	}
	byAnother := store.Apply(t.Context(), projections.Change{To: tails[0]})
	if err := model.Apply(t.Context(), projections.Change{From: tails[0], To: tails[1]}); err != nil || byAnother != nil {
		t.Fatal(byAnother, err)
	}
	var positions []int64
	for _, span := range told.Ended() {
		positions = append(positions, span.Attributes()[0].Value.AsInt64())
	}
	if want := []int64{int64(tails[1].Position)}; !slices.Equal(positions, want) {
		t.Errorf("told that %d are projected, want %d", positions, want)
	}
}
