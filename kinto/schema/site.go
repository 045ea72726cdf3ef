package schema

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// site is a place in a schema document.
type site struct {
	value []byte // nil if it is not in the document
	path  []any  // a string for a member, an int for an element
	order []int  // the places of these among their siblings
	types []byte // the types that the schema there allows, as it has them; found by [reader.known]
}

// siteOf finds the place that a schema location of the library names by its fragment, a JSON pointer.
func siteOf(document []byte, schemaURL string) site {
	base, fragment, _ := strings.Cut(schemaURL, "#")
	if base != location {
		return site{}
	}
	if text, err := url.PathUnescape(fragment); err == nil {
		fragment = text
	}
	s := site{value: document}
	for token := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if fragment != "" {
			s = s.step(strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
		}
	}
	return s
}

// step goes to a member or an element.
func (s site) step(token string) site {
	at := 0
	for name, value := range jsondoc.Members(s.value) {
		if name == token {
			return site{value: value, path: append(slices.Clip(s.path), name), order: append(slices.Clip(s.order), at)}
		}
		at++
	}
	for value := range jsondoc.Elements(s.value) {
		if strconv.Itoa(at) == token {
			return site{value: value, path: append(slices.Clip(s.path), at), order: append(slices.Clip(s.order), at)}
		}
		at++
	}
	return site{}
}

// keyword is the one that the schema at the site belongs to directly, as the schema of
// "unevaluatedProperties" does, "" if it is one of several, as those of "properties" are.
func (s site) keyword() string {
	keyword, inside := "", false
	for _, element := range s.path {
		name, isName := element.(string)
		switch {
		case inside || !isName:
			keyword, inside = "", false
		default:
			keyword = name
			switch name {
			case "properties", "patternProperties", "$defs", "definitions", "dependencies", "dependentSchemas":
				inside = true
			}
		}
	}
	return keyword
}
