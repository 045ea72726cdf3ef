package accounts

import (
	"net/http"
	"regexp"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

const plural domain.Plural = "/accounts"

var idSyntax = regexp.MustCompile(`\A[a-zA-Z0-9][+.@a-zA-Z0-9_-]*\z`)

// ValidName tells whether an account can have the name.
func ValidName(id string) bool { return len(id) <= domain.MaxIDLength && idSyntax.MatchString(id) }

// resource declares accounts. Their ids are chosen by the users.
func (h *hasher) resource() domain.Resource {
	return domain.Resource{
		Name: "account", Path: string(plural), Secret: true,
		IDs:     domain.IDs{Valid: ValidName},
		Prepare: h.prepare,
		Owner:   func(u domain.URI, _ domain.Caller) string { return Prefix + u.ID() },
		Check:   check,
	}
}

// check lets users write their own account only, unless they administrate all or are nobody yet, and makes sure that no
// password is stored but as a hash.
func check(w domain.Write) ([]byte, error) {
	if !w.Caller.Anonymous() && w.Caller.UserID != Prefix+w.URI.ID() && !w.Granted("write") {
		return nil, domain.Invalidf(domain.InBody, "data.id", "Username and account ID do not match.")
	}
	password, _ := jsondoc.Lookup(w.Data, "password")
	text, err := passwordText(password, w.Attribute("password"))
	if err != nil {
		return nil, err
	}
	if !isHash(text) {
		return nil, domain.Invalidf(domain.InBody, w.Attribute("password"), "The password cannot be taken from another attribute.")
	}
	return w.Data, nil
}

// refuseAnonymousLists answers before anything else to callers whose own account there cannot be.
func refuseAnonymousLists(server.Parts) func(*web.Request) error {
	return func(r *web.Request) error {
		if r.Plural == plural && r.URI == "" && r.Caller.Anonymous() && r.Method != http.MethodPost {
			return &domain.Error{Code: domain.Unauthenticated, Title: "Cannot read accounts."}
		}
		return nil
	}
}
