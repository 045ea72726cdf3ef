package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// cards is a resource with attributes of every kind.
func cards(others domain.Others) domain.Resource {
	return domain.Resource{Name: "card", Path: "/cards", Others: others, Attributes: []domain.Attribute{
		{Name: "title", Type: domain.Text, Required: true, Check: func(value []byte) error {
			if len(value) > 10 {
				return errors.New("Too long")
			}
			return nil
		}},
		{Name: "color", Type: domain.Text, Default: "red", OneOf: []string{"red", "blue"}},
		{Name: "size", Type: domain.Integer},
		{Name: "weight", Type: domain.Number},
		{Name: "flat", Type: domain.Boolean},
		{Name: "tags", Type: domain.Array},
		{Name: "owner", Type: domain.Map, ReadOnly: true},
		{Name: "any"},
	}}
}

// stack is a state that decisions about cards are made on.
type stack struct {
	t       *testing.T
	state   *domain.State
	catalog *domain.Catalog
}

func newStack(t *testing.T, r domain.Resource) *stack {
	t.Helper()
	everyone := []string{domain.Everyone}
	catalog, err := domain.NewCatalog(domain.Policy{Grants: map[string][]string{"card_create": everyone, "card_write": everyone}}, r)
	if err != nil {
		t.Fatal(err)
	}
	state := domain.NewState(catalog, nil, nil)
	state.Add(domain.Needs{Objects: []domain.URI{"/cards/a"}, Scopes: []domain.Plural{"", "/cards"}}, domain.Snapshot{})
	return &stack{t, state, catalog}
}

// write decides a command on /cards/a, and returns what is stored, or what is wrong.
func (s *stack) write(c domain.Command) string {
	s.t.Helper()
	c.Resource, c.URI = s.catalog.Resource("card"), "/cards/a"
	events, result, err := domain.Decide(s.state, &c, 1000)
	if e, ok := errors.AsType[*domain.Error](err); ok {
		var reasons []string
		for _, d := range e.Details {
			reasons = append(reasons, d.Name.(string)+": "+d.Description)
		}
		return strings.Join(reasons, "; ")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.state.Evolve(events...)
	return string(jsondoc.Without(result.Object.Data, "last_modified"))
}

func put(data string) domain.Command {
	if data == "" {
		return domain.Command{Verb: domain.Put}
	}
	return domain.Command{Verb: domain.Put, Data: []byte(data)}
}

func TestAttributesAreHeldToTheirDeclaration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ data, want string }{
		{`{"title":"x"}`, `{"title":"x","id":"a","color":"red"}`},
		{
			`{"title":"x","color":"blue","size":1,"weight":1.5,"flat":true,"tags":[],"owner":{},"any":null}`,
			`{"title":"x","color":"blue","size":1,"weight":1.5,"flat":true,"tags":[],"owner":{},"any":null,"id":"a"}`,
		},
		{`{"weight":1,"title":"x","id":"a"}`, `{"weight":1,"title":"x","id":"a","color":"red"}`},
		{``, `data.title: Required`},
		{`{"size":1}`, `data.title: Required`},
		{`{"title":1,"size":1.5}`, `data.title: Must be of type string; data.size: Must be of type integer`},
		{`{"title":null}`, `data.title: Must be of type string`},
		{`{"title":"x","weight":"1"}`, `data.weight: Must be of type number`},
		{`{"title":"x","flat":0}`, `data.flat: Must be of type boolean`},
		{`{"title":"x","tags":{}}`, `data.tags: Must be of type array`},
		{`{"title":"x","owner":[]}`, `data.owner: Must be of type object`},
		{`{"title":"x","color":"green"}`, `data.color: Must be one of red, blue`},
		{`{"title":"0123456789"}`, `data.title: Too long`},
		{`{"title":"x","other":1,"deleted":true}`, `data.other: Unknown attribute; data.deleted: Unknown attribute`},
	} {
		if got := newStack(t, cards(domain.RefuseOthers)).write(put(c.data)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.data, got, c.want)
		}
	}
}

func TestWhatIsNotDeclaredCanBeDroppedOrKept(t *testing.T) {
	t.Parallel()
	for others, want := range map[domain.Others]string{
		domain.DropOthers: `{"title":"x","id":"a","color":"red"}`,
		domain.KeepOthers: `{"title":"x","other":1,"id":"a","color":"red"}`,
	} {
		s := newStack(t, cards(others))
		if got := s.write(put(`{"title":"x","other":1}`)); got != want {
			t.Errorf("%d: got %s, want %s", others, got, want)
		}
		if got, want := s.catalog.Resource("card").Known() == nil, others == domain.KeepOthers; got != want {
			t.Errorf("%d: there can be filters on all: got %t, want %t", others, got, want)
		}
	}
}

func TestAReadOnlyAttributeStaysAsItWasCreated(t *testing.T) {
	t.Parallel()
	s := newStack(t, cards(domain.RefuseOthers))
	s.write(put(`{"title":"x","owner":{"n":1}}`))
	for _, c := range []struct{ data, want string }{
		{`{"title":"y"}`, `{"title":"y","id":"a","color":"red","owner":{"n":1}}`},
		{`{"title":"y","owner":{"n":1}}`, `{"title":"y","owner":{"n":1},"id":"a","color":"red"}`},
		{`{"title":"y","owner":{"n":2}}`, `data.owner: Cannot modify owner`},
	} {
		if got := s.write(put(c.data)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.data, got, c.want)
		}
	}
	patch := domain.Command{Verb: domain.Patch, Data: []byte(`{"owner":{"n":3},"size":"s"}`)}
	if got, want := s.write(patch), `size: Must be of type integer; owner: Cannot modify owner`; got != want {
		t.Errorf("patch: got %s, want %s", got, want)
	}
	without := newStack(t, cards(domain.RefuseOthers))
	without.write(put(`{"title":"x"}`))
	if got, want := without.write(put(`{"title":"x","owner":{}}`)), `data.owner: Cannot modify owner`; got != want {
		t.Errorf("added later: got %s, want %s", got, want)
	}
}

// Who writes on old knowledge is told so before what is read-only in what is there now, but not before what is wrong in itself.
func TestAPreconditionComesBetweenWhatIsWrongInItselfAndWhatDiffers(t *testing.T) {
	t.Parallel()
	card := cards(domain.RefuseOthers)
	card.Validate = func(w domain.Write) ([]byte, error) {
		if _, ok := jsondoc.Lookup(w.Data, "flat"); ok {
			return nil, domain.Invalidf(domain.InBody, w.Attribute("flat"), "It never is")
		}
		if jsondoc.LookupString(w.Data, "title") == "bare" {
			return []byte(`{"title":"bare"}`), nil
		}
		return w.Data, nil
	}
	card.Check = func(w domain.Write) ([]byte, error) {
		if _, ok := jsondoc.Lookup(w.Data, "any"); ok {
			return nil, domain.Invalidf(domain.InBody, w.Attribute("any"), "Not now")
		}
		return w.Data, nil
	}
	s := newStack(t, card)
	there := s.write(put(`{"title":"x","owner":{"n":1}}`))
	for _, c := range []struct {
		data, want string
		late       bool
	}{
		{`{}`, `data.title: Required`, false},
		{`{"title":"y","flat":true}`, `data.flat: It never is`, false},
		{`{"size":1.5,"title":"y","owner":{}}`, `data.size: Must be of type integer; data.owner: Cannot modify owner`, false},
		{`{"title":"y","owner":{}}`, `data.owner: Cannot modify owner`, true},
		{`{"title":"y","any":1}`, `data.any: Not now`, true},
		{`{"title":"y","id":"b"}`, `id: Object id does not match existing object`, true},
	} {
		stale, posted := put(c.data), put(c.data)
		stale.Precondition.IfMatch = domain.MatchTimestamp(7)
		posted.Verb = domain.Post
		wantStale, wantPosted := c.want, c.want
		if c.late {
			wantStale, wantPosted = "", there
		}
		if got := s.write(put(c.data)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.data, got, c.want)
		}
		if got := s.write(stale); got != wantStale {
			t.Errorf("%s, stale: got %s, want %s", c.data, got, wantStale)
		}
		if got := s.write(posted); got != wantPosted {
			t.Errorf("%s, posted: got %s, want %s", c.data, got, wantPosted)
		}
	}
	patch := domain.Command{Verb: domain.Patch, Data: []byte(`{"flat":true}`)}
	if got, want := s.write(patch), `flat: It never is`; got != want {
		t.Errorf("patch: got %s, want %s", got, want)
	}
	patch.Precondition.IfMatch = domain.MatchTimestamp(7)
	if got := s.write(patch); got != "" {
		t.Errorf("stale patch: got %s, want nothing but the precondition", got)
	}
	patch = domain.Command{Verb: domain.Patch, Data: []byte(`{"title":"bare"}`)}
	if got, want := s.write(patch), `{"title":"bare","id":"a"}`; got != want {
		t.Errorf("validated patch: got %s, want %s", got, want)
	}
}

func TestTheServiceItselfChangesReadOnlyAttributes(t *testing.T) {
	t.Parallel()
	s := newStack(t, cards(domain.RefuseOthers))
	s.write(put(`{"title":"x","owner":{"n":1}}`))
	patch := domain.Command{Verb: domain.Patch, Trusted: true, Data: []byte(`{"owner":{"n":2}}`)}
	if got, want := s.write(patch), `{"title":"x","owner":{"n":2},"id":"a","color":"red"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	patch.Data = []byte(`{"owner":3}`)
	if got, want := s.write(patch), `owner: Must be of type object`; got != want {
		t.Errorf("another type: got %s, want %s", got, want)
	}
}

func TestPermissionsAreWrittenWhateverTheDataAre(t *testing.T) {
	t.Parallel()
	loose := newStack(t, domain.Resource{Name: "card", Path: "/cards"})
	loose.write(put(`{"of":"old"}`))
	old := loose.state.Object("/cards/a")
	s := newStack(t, cards(domain.RefuseOthers))
	s.state.Evolve(domain.Event{Action: domain.Created, Resource: "card", Object: old})
	patch := domain.Command{Verb: domain.Patch, Permissions: map[string][]string{"read": {domain.Everyone}}}
	if got, want := s.write(patch), `{"of":"old","id":"a"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAttributesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for want, attributes := range map[string][]domain.Attribute{
		`there cannot be another attribute "id"`: {{Name: "id"}},
		`there cannot be another attribute "a"`:  {{Name: "a"}, {Name: "a"}},
		`there is no type "text"`:                {{Name: "a", Type: "text"}},
		`only a Text can be one of some`:         {{Name: "a", OneOf: []string{"x"}}},
		`its default is refused: Must be of`:     {{Name: "a", Type: domain.Text, Default: 1}},
		`its default has no JSON form`:           {{Name: "a", Default: func() {}}},
	} {
		_, err := domain.NewCatalog(domain.Policy{}, domain.Resource{Name: "card", Path: "/cards", Attributes: attributes})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, others := range []domain.Others{domain.DropOthers, domain.KeepOthers} {
		_, err := domain.NewCatalog(domain.Policy{}, domain.Resource{Name: "card", Path: "/cards", Others: others})
		if err == nil || !strings.Contains(err.Error(), "declare Attributes") {
			t.Errorf("others of nothing: got %v", err)
		}
	}
}

func TestACheckKnowsWhatTheCallerHoldsAndWhenItIs(t *testing.T) {
	t.Parallel()
	const bob, team = "basicauth:bob", domain.URI("/teams/t")
	catalog, err := domain.NewCatalog(
		domain.Policy{Grants: map[string][]string{"card_write": {domain.Everyone}}},
		domain.Resource{Name: "card", Path: "/cards", Check: func(w domain.Write) ([]byte, error) {
			if w.Now != 2000 || !w.Holds("publish", w.Old) {
				return nil, domain.Invalidf(domain.InBody, nil, "refused")
			}
			return w.Data, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	card := domain.Object{URI: "/cards/a", LastModified: 1, Created: 1, Data: []byte(`{}`), Permissions: domain.Permissions{
		"publish": {alice.UserID, string(team)}, "write": {"basicauth:carl"},
	}}
	for user, want := range map[string]domain.Code{alice.UserID: "", bob: "", "basicauth:carl": domain.Invalid, "": domain.Invalid} {
		c := &domain.Command{
			Verb: domain.Patch, Resource: catalog.Resource("card"), URI: card.URI, Caller: domain.Caller{UserID: user}, Data: []byte(`{"n":1}`),
		}
		state := domain.NewState(catalog, nil, nil)
		state.Add(c.Needs(), domain.Snapshot{
			Objects: map[domain.URI]domain.Object{card.URI: card}, Groups: map[string][]domain.URI{bob: {team}},
		})
		if _, _, err := domain.Decide(state, c, 2000); domain.CodeOf(err) != want {
			t.Errorf("%q: got %v, want %q", user, err, want)
		}
	}
}

func TestACheckKnowsWhatTheCallerHoldsAbove(t *testing.T) {
	t.Parallel()
	const bob, team = "basicauth:bob", domain.URI("/teams/t")
	catalog, err := domain.NewCatalog(
		domain.Policy{Grants: map[string][]string{"card_create": {domain.Everyone}}},
		domain.Resource{Name: "box", Path: "/boxes", Permissions: []string{"read", "write", "sort"}},
		domain.Resource{Name: "card", Path: "/boxes/{box}/cards", Check: func(w domain.Write) ([]byte, error) {
			if w.Holds("sort", w.Old) || w.Holds("read", w.Ancestor("box")) || !w.Holds("sort", w.Ancestor("box")) {
				return nil, domain.Invalidf(domain.InBody, nil, "refused")
			}
			return w.Data, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	box := domain.Object{URI: "/boxes/b", LastModified: 1, Created: 1, Data: []byte(`{}`), Permissions: domain.Permissions{"sort": {string(team)}}}
	for user, want := range map[string]domain.Code{bob: "", "basicauth:carl": domain.Invalid, "": domain.Invalid} {
		c := &domain.Command{
			Verb: domain.Put, Resource: catalog.Resource("card"), URI: "/boxes/b/cards/c", Caller: domain.Caller{UserID: user}, Data: []byte(`{}`),
		}
		state := domain.NewState(catalog, nil, nil)
		state.Add(c.Needs(), domain.Snapshot{
			Objects: map[domain.URI]domain.Object{box.URI: box}, Groups: map[string][]domain.URI{bob: {team}},
		})
		if _, _, err := domain.Decide(state, c, 2000); domain.CodeOf(err) != want {
			t.Errorf("%q: got %v, want %q", user, err, want)
		}
	}
}
