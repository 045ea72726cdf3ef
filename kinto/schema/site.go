package schema

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// site is a place in a schema document, or nowhere if it has no value. What is in it is found once, as there may be a
// failure in each of thousands of places. It is for one goroutine.
type site struct {
	value  []byte
	path   []any // a string for a member, an int for an element
	order  []int // the places of these among their siblings
	parent *site
	inside map[string]*site // members and elements, once one was asked for
	types  func() []byte    // the types that the schema there allows, as it has them
}

// newSite is the place of a value; nil is nowhere.
func newSite(value []byte) *site {
	return &site{value: value, types: sync.OnceValue(func() []byte {
		types, _ := jsondoc.Lookup(value, "type")
		return types
	})}
}

// unescaped is a token of a JSON pointer as the name that it stands for.
var unescaped = strings.NewReplacer("~1", "/", "~0", "~")

// at finds the place that a schema location of the library names by its fragment, a JSON pointer, from the root of the
// document.
func (s *site) at(schemaURL string) *site {
	base, fragment, _ := strings.Cut(schemaURL, "#")
	if base != location {
		return newSite(nil)
	}
	if text, err := url.PathUnescape(fragment); err == nil {
		fragment = text
	}
	for token := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if fragment != "" {
			s = s.step(unescaped.Replace(token))
		}
	}
	return s
}

// step goes to a member or an element.
func (s *site) step(token string) *site {
	if s.inside == nil {
		s.look()
	}
	if child := s.inside[token]; child != nil {
		return child
	}
	return newSite(nil)
}

func (s *site) look() {
	s.inside = map[string]*site{}
	add := func(token string, element any, value []byte) {
		child := newSite(value)
		child.parent, child.path = s, append(slices.Clip(s.path), element)
		child.order = append(slices.Clip(s.order), len(s.inside))
		s.inside[token] = child
	}
	for name, value := range jsondoc.Members(s.value) {
		add(name, name, value)
	}
	for value := range jsondoc.Elements(s.value) {
		add(strconv.Itoa(len(s.inside)), len(s.inside), value)
	}
}

// keyword is the one that the schema at the site belongs to directly, as the schema of
// "unevaluatedProperties" does, "" if it is one of several, as those of "properties" are.
func (s *site) keyword() string {
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
