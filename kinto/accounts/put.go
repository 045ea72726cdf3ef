package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

// Put creates an account, or replaces the one of that name, on behalf of the operator; the user may write it. An error
// that is a *domain.Error with Invalid says what is wrong with name or password.
func Put(ctx context.Context, p server.Parts, name, password string) error {
	r := p.Catalog.Resource("account")
	if r == nil {
		return errors.New("the service has no accounts")
	}
	if !r.IDs.Valid(name) {
		return fmt.Errorf("put account %q: %w", name, domain.InvalidID())
	}
	c := &domain.Command{
		Verb: domain.Put, Resource: r, URI: plural.Object(name), Trusted: true,
		Permissions: map[string][]string{"write": {Prefix + name}},
		Data:        jsondoc.With([]byte("{}"), jsondoc.Field{Name: "password", Value: jsondoc.Quote(password)}),
	}
	if err := r.Prepare(ctx, c); err != nil {
		return fmt.Errorf("put account %q: %w", name, err)
	}
	_, err := p.Loop.Do(ctx, c.Needs(), func(tx *writeapi.Tx) error {
		_, err := tx.Execute(c)
		return err
	})
	if err != nil {
		return fmt.Errorf("put account %q: %w", name, err)
	}
	return nil
}
