package kinto

import (
	"fmt"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// groupMembers are the principals that a group lists.
func groupMembers(data []byte) []string {
	list, _ := jsondoc.Lookup(data, "members")
	var members []string
	for value := range jsondoc.Elements(list) {
		if principal, ok := jsondoc.String(value); ok {
			members = append(members, principal)
		}
	}
	return members
}

// checkGroup makes sure that members is a list of user ids: groups do not nest, and nobody can be everyone
// (protocol 1.5).
func checkGroup(w domain.Write) ([]byte, error) {
	name := w.Attribute("members")
	list, given := jsondoc.Lookup(w.Data, "members")
	if !given {
		if !w.Given {
			return w.Data, nil
		}
		return jsondoc.With(w.Data, jsondoc.Field{Name: "members", Value: []byte("[]")}), nil
	}
	if jsondoc.KindOf(list) != jsondoc.KindArray {
		return nil, domain.Invalidf(domain.InBody, name, `"%s" is not iterable`, jsondoc.Shown(list))
	}
	i := 0
	for value := range jsondoc.Elements(list) {
		member, ok := jsondoc.String(value)
		at := fmt.Sprintf("%s.%d", name, i)
		switch {
		case !ok:
			return nil, domain.Invalidf(domain.InBody, at, "%s is not a string: {'': ''}", jsondoc.PythonRepr(value))
		case strings.HasPrefix(member, "/buckets/"), member == domain.Everyone:
			return nil, domain.Invalidf(domain.InBody, at, "'%s' is not a valid user ID.", member)
		}
		i++
	}
	return w.Data, nil
}
