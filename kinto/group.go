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

// validateGroup makes sure that members is a list of user ids: groups do not nest, and nobody can be everyone
// (protocol 1.5).
func validateGroup(w domain.Write) ([]byte, error) {
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
	var wrong []domain.Detail
	i := 0
	for value := range jsondoc.Elements(list) {
		if fault := memberFault(value); fault != "" && len(wrong) < maxFaults {
			wrong = append(wrong, domain.Detail{Location: domain.InBody, Name: fmt.Sprintf("%s.%d", name, i), Description: fault})
		}
		i++
	}
	if wrong != nil {
		return nil, &domain.Error{Code: domain.Invalid, Details: wrong}
	}
	return w.Data, nil
}

// maxFaults bounds how many members are told to be wrong.
const maxFaults = 100

// memberFault is why a value cannot be a member, "" if it can.
func memberFault(value []byte) string {
	member, ok := jsondoc.String(value)
	switch {
	case !jsondoc.Truthy(value):
		return "Required"
	case !ok:
		return jsondoc.PythonRepr(value) + " is not a string: {'': ''}"
	case strings.HasPrefix(member, "/buckets/"), member == domain.Everyone:
		return "'" + member + "' is not a valid user ID."
	}
	return ""
}
