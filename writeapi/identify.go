package writeapi

import (
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// identify gives a Post the id that it names, or a new one, that of the part if it has one. An id that is not well formed is refused before
// permissions are looked at (protocol 2.1, step 7).
func identify(c *domain.Command, part *Part) error {
	id, given, err := rest.IDOf(c.Data)
	switch {
	case err != nil:
		return err
	case !given:
		if c.Resource.IDs.New == nil {
			return domain.Invalidf(domain.InBody, "data.id", "Required")
		}
		newID := part.NewID
		if newID == "" {
			newID = c.Resource.IDs.New()
		}
		c.URI, c.Fresh = c.Plural().Object(newID), true
		return nil
	}
	if !c.Resource.IDs.Valid(id) {
		return domain.InvalidID()
	}
	c.URI = c.Plural().Object(id)
	return nil
}
