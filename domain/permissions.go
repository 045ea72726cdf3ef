package domain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// replacedPermissions are those after a Post or Put: if at least one list is given the whole is replaced, otherwise
// nothing changes (protocol 4.6).
func replacedPermissions(before Permissions, given map[string][]string) Permissions {
	after := Permissions{}
	replaced := false
	for name, principals := range given {
		if principals != nil {
			replaced = true
			after = after.With(name, principals...)
		}
	}
	if !replaced {
		return before
	}
	return after
}

// mergedPermissions are those after a Patch: entries given are replaced, others stay. With remove, a nil list removes
// the entry; otherwise it is ignored.
func mergedPermissions(before Permissions, given map[string][]string, remove bool) Permissions {
	after := before
	for name, principals := range given {
		if principals != nil || remove {
			after = after.With(name, principals...)
		}
	}
	return after
}

// patched applies JSON-Patch operations to the document {"data": ..., "permissions": ...} in which each permission is
// an object keyed by principal, so that a path can address one (protocol 2.6 c).
func patched(r *Resource, before Object, operations []byte) ([]byte, Permissions, error) {
	doc := append([]byte(`{"data":`), before.Data...)
	doc = append(doc, `,"permissions":`...)
	doc = appendKeyed(doc, r.Permissions, before.Permissions)
	doc = append(doc, '}')
	after, err := jsondoc.Patch(doc, operations, jsondoc.DefaultPatchLimits)
	if err != nil {
		return nil, nil, patchFailed(err)
	}
	data, ok := jsondoc.Lookup(after, "data")
	if !ok || jsondoc.KindOf(data) != jsondoc.KindObject {
		return nil, nil, patchFailed(errors.New("data must stay an object"))
	}
	keyed, _ := jsondoc.Lookup(after, "permissions")
	permissions, err := unkeyed(keyed)
	if err == nil {
		err = permissions.check(r.Permissions)
	}
	if err != nil {
		return nil, nil, patchFailed(err)
	}
	return data, permissions, nil
}

func patchFailed(err error) *Error {
	return Invalidf(InBody, nil, "JSON Patch operation failed: %v", err)
}

// ReadPermissions reads what was stored: a JSON object of lists of principals, by the names of the permissions.
func ReadPermissions(doc []byte) (Permissions, error) {
	if jsondoc.KindOf(doc) != jsondoc.KindObject {
		return nil, errors.New("permissions are no JSON object")
	}
	p := Permissions{}
	for name, list := range jsondoc.Members(doc) {
		if jsondoc.KindOf(list) != jsondoc.KindArray {
			return nil, fmt.Errorf("the principals of %s are no list", name)
		}
		principals := []string{}
		for value := range jsondoc.Elements(list) {
			principal, ok := jsondoc.String(value)
			if !ok {
				return nil, fmt.Errorf("a principal of %s is no string", name)
			}
			principals = append(principals, principal)
		}
		p[name] = principals
	}
	return p, nil
}

// Limits of permissions.
const (
	MaxPrincipals      = 5000 // of one permission of an object
	MaxPrincipalLength = 1024 // bytes
)

// ValidPrincipal tells whether permissions can be given to a principal, be it the id of a user: it is a text that every read
// model holds, and no longer than MaxPrincipalLength.
func ValidPrincipal(principal string) bool {
	return principal != "" && len(principal) <= MaxPrincipalLength && utf8.ValidString(principal) && !strings.Contains(principal, "\x00")
}

// check tells what is wrong with permissions that were not parsed from a body.
func (p Permissions) check(allowed []string) error {
	for name, principals := range p {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("%q is not one of %s", name, strings.Join(allowed, ", "))
		}
		if len(principals) > MaxPrincipals {
			return fmt.Errorf("%s has more than %d principals", name, MaxPrincipals)
		}
		for _, principal := range principals {
			if !ValidPrincipal(principal) {
				return fmt.Errorf("a principal of %s is empty or longer than %d bytes", name, MaxPrincipalLength)
			}
		}
	}
	return nil
}

// appendKeyed appends the permissions with an entry for each that the resource knows, so that a path into any can
// be added to.
func appendKeyed(dst []byte, names []string, all Permissions) []byte {
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, jsondoc.Quote(name)...), ':', '{')
		for j, principal := range all[name] {
			if j > 0 {
				dst = append(dst, ',')
			}
			quoted := jsondoc.Quote(principal)
			dst = append(append(append(dst, quoted...), ':'), quoted...)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// unkeyed reads permissions back: each entry is an object keyed by principal, or a list of principals.
func unkeyed(doc []byte) (Permissions, error) {
	if doc != nil && jsondoc.KindOf(doc) != jsondoc.KindObject {
		return nil, errors.New("permissions must stay an object")
	}
	after := Permissions{}
	for name, entry := range jsondoc.Members(doc) {
		var principals []string
		switch jsondoc.KindOf(entry) {
		case jsondoc.KindObject:
			for principal := range jsondoc.Members(entry) {
				principals = append(principals, principal)
			}
		case jsondoc.KindArray:
			for value := range jsondoc.Elements(entry) {
				principal, ok := jsondoc.String(value)
				if !ok {
					return nil, errors.New("principals must be strings")
				}
				principals = append(principals, principal)
			}
		default:
			return nil, errors.New("a permission must be an object or a list of principals")
		}
		after = after.With(name, principals...)
	}
	return after, nil
}
