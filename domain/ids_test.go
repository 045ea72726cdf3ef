package domain_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
)

func TestIDsAreBoundedWhateverTheirRule(t *testing.T) {
	t.Parallel()
	any := func(string) bool { return true }
	catalog, err := domain.NewCatalog(domain.Policy{}, domain.Resource{Name: "card", Path: "/cards", IDs: domain.IDs{Valid: any}})
	if err != nil {
		t.Fatal(err)
	}
	valid := catalog.Resource("card").IDs.Valid
	longest := strings.Repeat("x", domain.MaxIDLength)
	for id, want := range map[string]bool{
		longest: true, longest + "x": false, "": false, "a/b": false, "a\x00b": false, "\xff": false, " é.*%": true,
	} {
		if got := valid(id); got != want {
			t.Errorf("%q: got %t, want %t", id, got, want)
		}
	}
	made := domain.IDs{New: func() string { return "a/b" }, Valid: any}
	_, err = domain.NewCatalog(domain.Policy{}, domain.Resource{Name: "card", Path: "/cards", IDs: made})
	if err == nil || !strings.Contains(err.Error(), "not valid by its own rule") {
		t.Errorf("ids that are made: got %v", err)
	}
}

func TestIDsThatAreMadeNeedARule(t *testing.T) {
	t.Parallel()
	made := domain.IDs{New: func() string { return "made" }}
	for _, ids := range []domain.IDs{made, made.UpTo(36)} {
		_, err := domain.NewCatalog(domain.Policy{}, domain.Resource{Name: "card", Path: "/cards", IDs: ids})
		if err == nil || !strings.Contains(err.Error(), "nothing says which are well formed") {
			t.Errorf("got %v", err)
		}
	}
}

// TestUUIDsThatAreMadeGrow: read models that write them one after another then write few pages (decision 16).
func TestUUIDsThatAreMadeGrow(t *testing.T) {
	t.Parallel()
	for _, ids := range []domain.IDs{domain.UUIDs, domain.RelaxedUUIDs} {
		before := ""
		for range 1000 {
			id := ids.New()
			u, err := uuid.Parse(id)
			if err != nil || u.Version() != 4 || u.Variant() != uuid.RFC4122 || !ids.Valid(id) {
				t.Fatalf("%q is no UUID of version 4 (%v)", id, err)
			}
			if id <= before {
				t.Fatalf("%q comes after %q", id, before)
			}
			before = id
		}
	}
}
