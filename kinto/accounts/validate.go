package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// Validate tells everything that keeps accounts from working as people expect (protocol 5.3): policies are the kinds of
// policies in the order in which they are asked, "accounts" and "basicauth" among them, and grants those of domain.Policy.
func Validate(policies []string, grants map[string][]string) error {
	var problems []error
	accounts, basic := slices.Index(policies, "accounts"), slices.Index(policies, "basicauth")
	switch {
	case accounts < 0:
		problems = append(problems, errors.New("the accounts policy must be among the policies"))
	case basic >= 0 && basic < accounts:
		problems = append(problems, errors.New("the accounts policy must come before basicauth, which accepts every password"))
	}
	strangers := slices.DeleteFunc(slices.Clone(grants["account_create"]), func(principal string) bool {
		return principal == domain.Everyone || slices.Contains(grants["account_write"], principal)
	})
	if len(strangers) > 0 {
		problems = append(problems, fmt.Errorf(
			"who may create accounts must also be allowed to write them, or be %s: %s", domain.Everyone, strings.Join(strangers, ", ")))
	}
	return errors.Join(problems...)
}
