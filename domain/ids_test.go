package domain_test

import (
	"strings"
	"testing"

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
	if longest := strings.Repeat("x", domain.MaxIDLength); !valid(longest) || valid(longest+"x") {
		t.Errorf("got %t for the longest, and %t for a longer one", valid(longest), valid(longest+"x"))
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
