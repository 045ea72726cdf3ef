package writeapi

import (
	"context"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// identify gives a Post the id that it names, or a new one. An id that is not well formed is refused before
// permissions are looked at (protocol 2.1, step 7).
func identify(ctx context.Context, c *domain.Command) error {
	id, given, err := rest.IDOf(c.Data)
	switch {
	case err != nil:
		return err
	case !given:
		if c.Resource.IDs.New == nil {
			return domain.Invalidf(domain.InBody, "data.id", "Required")
		}
		c.URI, c.Generated = c.Plural().Object(newID(ctx, c.Resource.IDs.New)), true
		return nil
	}
	if !c.Resource.IDs.Valid(id) {
		return domain.InvalidID()
	}
	c.URI = c.Plural().Object(id)
	return nil
}
