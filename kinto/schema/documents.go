package schema

import (
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// CheckDocuments makes sure that those of the attributes that are there are JSON schemas: objects that satisfy the
// meta-schema of draft 7, whatever "$schema" says, and that stay within the bounds of this package. References are not
// followed.
func (c *Checker) CheckDocuments(w domain.Write, attributes ...string) error {
	for _, attribute := range attributes {
		document, given := jsondoc.Lookup(w.Data, attribute)
		if !given {
			continue
		}
		if reason := c.refused(document); reason != "" {
			return invalid(w.Attribute(attribute), reason)
		}
	}
	return nil
}

// refused tells why the value is not a schema, "" if it is.
func (c *Checker) refused(document []byte) string {
	if !jsondoc.IsObject(document) {
		return fmt.Sprintf(`"%s" is not a mapping type: Does not implement dict-like functionality.`, jsondoc.Shown(document))
	}
	if _, err := measure(document); err != nil {
		return err.Error()
	}
	f, err := c.draft7().validate(decode(document), len(document))
	switch {
	case err != nil:
		return err.Error()
	case f != nil:
		return fmt.Sprint(f.name()) + f.message()
	}
	return ""
}
