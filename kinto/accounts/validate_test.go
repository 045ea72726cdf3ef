package accounts_test

import (
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/accounts"
)

func TestValidateNamesWhatKeepsAccountsFromWorking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policies      []string
		create, write []string
		want          string // in the error, "" for none
	}{
		{[]string{"accounts"}, []string{domain.Everyone}, nil, ""},
		{[]string{"accounts", "basicauth"}, []string{"account:admin"}, []string{"account:admin", "account:x"}, ""},
		{[]string{"basicauth"}, nil, nil, "must be among the policies"},
		{nil, nil, nil, "must be among the policies"},
		{[]string{"basicauth", "accounts"}, nil, nil, "must come before basicauth"},
		{[]string{"accounts"}, []string{"account:a", domain.Authenticated}, []string{"account:a"}, domain.Authenticated},
	} {
		err := accounts.Validate(c.policies, map[string][]string{"account_create": c.create, "account_write": c.write})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v: got %v, want no error", c, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: got %v, want %s", c, err, c.want)
		}
	}
}
