package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// record is one feature of the web.
type record struct {
	id   string
	data map[string]any
}

// features are all objects of a tree that say something about compatibility, in the order of their paths.
func features(raw []byte) ([]record, error) {
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	delete(tree, "__meta")
	delete(tree, "browsers")
	f := finder{paths: map[string]string{}}
	f.walk(nil, tree)
	return f.found, f.err
}

type finder struct {
	found []record
	paths map[string]string // by id
	err   error
}

func (f *finder) walk(path []string, node map[string]any) {
	if compat, ok := node["__compat"].(map[string]any); ok {
		f.add(path, compat)
	}
	for _, name := range slices.Sorted(maps.Keys(node)) {
		if child, ok := node[name].(map[string]any); ok && name != "__compat" {
			f.walk(append(slices.Clone(path), name), child)
		}
	}
}

// add makes a record of the compatibility data. Its path stays in it, because its id cannot be any text.
func (f *finder) add(path []string, compat map[string]any) {
	whole := strings.Join(path, ".")
	r := record{id: id(whole), data: maps.Clone(compat)}
	r.data["path"], r.data["area"], r.data["name"] = whole, path[0], path[len(path)-1]
	if other, taken := f.paths[r.id]; taken && f.err == nil {
		f.err = fmt.Errorf("%s and %s have the same id %s", other, whole, r.id)
	}
	f.paths[r.id] = whole
	f.found = append(f.found, r)
}

// id writes a path with the characters that ids may have: "__" for ".", and "_" with the hexadecimal code point for what
// is neither letter, digit nor one of "_" and "-".
func id(path string) string {
	var b strings.Builder
	for _, c := range path {
		switch {
		case c == '.':
			b.WriteString("__")
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}
