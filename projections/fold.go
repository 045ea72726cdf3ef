package projections

import (
	"fmt"
	"math"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Shape is what resources mean to each other; *[domain.Catalog] has it.
type Shape interface {
	// Members are those of an object; isGroup tells whether objects of its resource are groups at all.
	Members(resource string, o domain.Object) (members []string, isGroup bool)
	// Structural tells whether what callers may do with other objects depends on objects of the resource.
	Structural(resource string) bool
}

// Structure is the name of a scope that no endpoint has: its timestamp grows with each change of a structural object.
// As long as it stays the same, so do the objects above others, their permissions and the members of groups.
const Structure domain.Plural = "*"

// Fold reduces whole commits to a change: several events of one object become its last state. Entries
// must be consecutive and end with the last one of a commit. The change builds on from, the
// checkpoint before the first entry.
func Fold(shape Shape, from eventstore.Tail, entries []eventstore.Entry) (Change, error) {
	f := folder{shape: shape, change: Change{From: from, To: from}}
	for _, entry := range entries {
		if entry.Position != f.change.To.Position+1 {
			return Change{}, fmt.Errorf("fold entry %d: the one before it is %d", entry.Position, f.change.To.Position)
		}
		for _, e := range entry.Events {
			f.add(e, entry.Position)
		}
		f.change.To = entry.Tail()
	}
	if n := len(entries); n > 0 && !entries[n-1].Last {
		return Change{}, fmt.Errorf("fold entry %d: its commit %s goes on", entries[n-1].Position, entries[n-1].Commit)
	}
	return f.change, nil
}

// folder collects steps. The maps tell where in the last step an object or scope is.
type folder struct {
	shape  Shape
	change Change
	rows   map[domain.URI]int
	scopes map[domain.Plural]int
}

func (f *folder) add(e domain.Event, at domain.Position) {
	switch {
	case e.Action == domain.Purged:
		f.begin(Step{Retain: Retention{Resource: e.Resource, Newest: e.Retain}})
		f.restructure(at)
		return
	case e.Action == domain.Flushed:
		f.begin(Step{Flush: true})
	case e.Cascade:
		f.begin(Step{Purge: Purge{Top: e.Object.URI, At: e.At()}})
	case len(f.change.Steps) == 0:
		f.begin(Step{})
	}
	if e.Action == domain.Forgotten {
		f.step().Forget = append(f.step().Forget, e.Object.URI)
		return
	}
	if e.Object.URI != "" {
		f.put(e, at)
	}
	f.touch(e, at)
	if e.Cascade || e.Action == domain.Flushed || f.shape.Structural(e.Resource) {
		f.restructure(at)
	}
}

// restructure moves the scope Structure on, by twice the position, which leaves room for what happens between
// positions (see release).
func (f *folder) restructure(at domain.Position) {
	f.scope(Structure, "").Timestamp = domain.Timestamp(2 * at)
	f.scope(Structure, "").Position = at
}

func (f *folder) begin(step Step) {
	f.change.Steps = append(f.change.Steps, step)
	f.rows, f.scopes = map[domain.URI]int{}, map[domain.Plural]int{}
}

func (f *folder) step() *Step { return &f.change.Steps[len(f.change.Steps)-1] }

func (f *folder) put(e domain.Event, at domain.Position) {
	row := Row{Object: e.Object, Resource: e.Resource, Position: at, Live: e.Action.Live()}
	if row.Deleted {
		row.Permissions = nil
	}
	row.Members, row.IsGroup = f.shape.Members(e.Resource, row.Object)
	step := f.step()
	i, again := f.rows[row.URI]
	if !again {
		row.Fresh = e.Action == domain.Created
		f.rows[row.URI] = len(step.Objects)
		step.Objects = append(step.Objects, row)
		return
	}
	before := step.Objects[i]
	row.Fresh = before.Fresh
	row.Live += before.Live
	step.Objects[i] = row
}

// release puts a row that was set aside into the last step. The log is at a position that was applied before, so what is
// remembered of it is outdated by a change between that position and the next.
func (f *folder) release(row Row, at domain.Position) {
	step := f.step()
	step.Release = append(step.Release, row.URI)
	step.Objects = append(step.Objects, row)
	scope := f.scope(row.URI.Plural(), row.Resource)
	scope.Timestamp = max(scope.Timestamp, row.LastModified)
	scope.Live += row.Live
	scope.Position = max(scope.Position, row.Position)
	if f.shape.Structural(row.Resource) {
		structure := f.scope(Structure, "")
		structure.Timestamp, structure.Position = domain.Timestamp(2*at+1), at
	}
}

func (f *folder) touch(e domain.Event, at domain.Position) {
	scope := f.scope(e.Plural(), e.Resource)
	scope.Timestamp = max(scope.Timestamp, e.Object.LastModified)
	scope.Live += e.Action.Live()
	scope.Position = at
}

// scope is the change of a plural endpoint in the last step.
func (f *folder) scope(plural domain.Plural, resource string) *ScopeChange {
	step := f.step()
	i, again := f.scopes[plural]
	if !again {
		i = len(step.Scopes)
		f.scopes[plural] = i
		step.Scopes = append(step.Scopes, ScopeChange{Plural: plural, Resource: resource, Timestamp: math.MinInt64})
	}
	return &step.Scopes[i]
}
