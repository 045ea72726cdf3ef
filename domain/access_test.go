package domain_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/kintolog/kintolog/domain"
)

// Anybody can put a user into groups, and everybody at once by way of system.Authenticated. Compared pair by pair these would
// not be done before the test is given up.
func TestManyGroupsTakeNoLongerThanTheirNumber(t *testing.T) {
	t.Parallel()
	const many = 300_000
	groups, others := make([]domain.URI, many), make([]string, many)
	for i := range groups {
		groups[i] = domain.URI("/buckets/b/groups/" + strconv.Itoa(i))
		others[i] = "/buckets/b/groups/x" + strconv.Itoa(i)
	}
	c := domain.Caller{UserID: "account:alice"}
	held := c.Principals(map[string][]domain.URI{c.UserID: groups, domain.Authenticated: append(slices.Clone(groups), "/buckets/b/groups/all")})
	if want := many + 4; len(held) != want || held[0] != c.UserID || held[want-1] != "/buckets/b/groups/all" {
		t.Errorf("got %d principals, %s to %s, want %d, each once", len(held), held[0], held[len(held)-1], want)
	}
	for _, test := range []struct {
		holders []string
		want    bool
	}{
		{others, false},
		{append(slices.Clone(others), "/buckets/b/groups/all"), true},
		{others[:3], false},
		{[]string{"account:alice"}, true},
		{nil, false},
	} {
		p := domain.Permissions{"read": test.holders}
		if got := p.Allows("read", held); got != test.want {
			t.Errorf("%d holders: got %t, want %t", len(test.holders), got, test.want)
		}
		if got := p.Allows("write", held); got {
			t.Errorf("%d holders of another permission: got %t", len(test.holders), got)
		}
	}
}
