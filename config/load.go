package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/internal/nearest"
)

// Warning is something about the settings that an operator should know, but that does not keep the service from
// starting.
type Warning struct {
	Setting string // its name, "" if it is about several
	Text    string // a complete sentence
}

// String returns the sentence.
func (w Warning) String() string { return w.Text }

// Load returns the settings of the environment, in the form of [os.Environ]; where it says nothing those of the file; and
// then [Defaults] (protocol 9.1). Without a file ("") the defaults are those of [Newcomer].
//
// Names are what settings may be about beside Kinto: resources, such as "note", and grants that are none of theirs to create, read
// or write, such as "note_publish". The error has one line for each setting that is wrong, and is nil if the service can start;
// otherwise there are no settings. Values that may be secret are neither in the error nor in the warnings.
func Load(file string, env []string, names ...string) (*Settings, []Warning, error) {
	d, err := readFile(file)
	if err != nil {
		return nil, nil, err
	}
	all := maps.Clone(kintoResources)
	for _, name := range names {
		name, permission, isGrant := strings.Cut(name, "_")
		r := all[name]
		if isGrant {
			r.grants = append(slices.Clone(r.grants), permission)
		} else {
			r = resource{grants: slices.Concat(r.grants, whole.grants), endpoints: true, ids: true}
		}
		all[name] = r
	}
	return load(file, d, parseEnvironment(env, d.prefix), all)
}

func load(file string, d document, env environment, resources map[string]resource) (*Settings, []Warning, error) {
	s := Defaults()
	if file == "" {
		s = Newcomer(s.Storage.DataDir)
	}
	s.File = file
	l := &loader{Settings: s, document: d, env: env, resources: resources, used: map[string]bool{"http_port": true}}
	l.all()
	if len(l.errs) > 0 {
		return nil, l.warnings, errors.Join(l.errs...)
	}
	if err := s.Validate(); err != nil {
		return nil, l.warnings, err
	}
	slices.SortFunc(s.given, func(a, b given) int { return cmp.Compare(a.name, b.name) })
	l.cautions()
	l.idle()
	return s, l.warnings, nil
}

// given is a setting that was given, for people to read.
type given struct {
	name    string
	value   string // without secrets
	source  string
	changed bool // it differs from the default
}

// loader fills the settings.
type loader struct {
	*Settings
	document  document
	env       environment
	resources map[string]resource
	used      map[string]bool // names in the file and variables that were understood
	known     []string        // names there are, to find the one that was meant
	warnings  []Warning
	errs      []error
}

func (l *loader) all() {
	l.server()
	for _, b := range l.table() {
		l.apply(b)
	}
	if _, _, given := l.resolve("prometheus_prefix"); !given {
		l.Metrics.Prefix = l.Project.Name
	}
	l.stores()
	l.policies()
	l.listeners()
	l.families()
	l.obsolete()
	l.unknown()
}

// resolve finds a setting, first in the environment.
func (l *loader) resolve(name string) (value, source string, ok bool) {
	l.known = append(l.known, name)
	_, inFile := l.document.app[name]
	if inFile {
		l.used[name] = true
	}
	if value, source, ok = l.env.lookup(name); ok {
		l.used[l.env.prefixed(name)] = true
		return value, source, true
	}
	return l.document.app[name], l.File, inFile
}

// apply sets what a binding stands for, if it is given.
func (l *loader) apply(b binding) (value string, ok bool) {
	value, source, ok := l.resolve(b.name)
	if ok {
		l.set(b, value, source)
	}
	return value, ok
}

func (l *loader) set(b binding, value, source string) {
	if err := b.set(value); err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s (%s) %w", b.name, source, err))
		return
	}
	l.given = append(l.given, given{b.name, b.show(), source, b.changed()})
}

func (l *loader) warn(setting, format string, args ...any) {
	l.warnings = append(l.warnings, Warning{setting, fmt.Sprintf(format, args...)})
}

// server finds out where to listen. Ports have two names; in the file they are in sections of their own.
func (l *loader) server() {
	if value, source, ok := l.resolveServer("host"); ok {
		l.set(text("host", &l.Server.Host), value, source)
	}
	if value, source, ok := l.resolveServer("port", "http_port"); ok {
		l.set(between("port", &l.Server.Port, 0, 65535), value, source)
	}
	for _, name := range []string{"host", "port"} {
		if _, misplaced := l.document.app[name]; misplaced {
			l.used[name] = true
			l.warn(name, "%s in %s has no effect in [app:main]: it belongs in [server:main].", name, l.File)
		}
	}
}

func (l *loader) resolveServer(names ...string) (value, source string, ok bool) {
	for _, name := range names {
		l.used[l.env.prefixed(name)] = true
		if found, variable, given := l.env.lookup(name); given && !ok {
			value, source, ok = found, variable, true
		}
	}
	if ok {
		return value, source, true
	}
	if value, ok = l.document.server[names[0]]; ok {
		return value, l.File, true
	}
	value, ok = l.document.app["http_port"]
	return value, l.File, ok && len(names) > 1
}

// unknown warns of names that mean nothing.
func (l *loader) unknown() {
	for _, name := range keys(l.document.app) {
		if !l.used[name] {
			l.warn(name, "%s in %s is not a setting and has no effect%s", name, l.File, didYouMean(name, l.known))
		}
	}
	variables := make([]string, len(l.known))
	for i, name := range l.known {
		variables[i] = l.env.prefixed(name)
	}
	for _, name := range keys(l.env.values) {
		if l.env.has(name) && !l.used[name] {
			l.warn(name, "%s in the environment is not a setting and has no effect%s", name, didYouMean(name, variables))
		}
	}
}

// didYouMean ends the sentence.
func didYouMean(name string, known []string) string {
	if near := nearest.Of(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return "."
}

// keys returns the keys of a map, sorted.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
