package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// resource is what settings can be about a resource.
type resource struct {
	grants    []string // permissions that principals can hold on all of its objects
	endpoints bool     // its methods, and how long answers may be cached
	ids       bool     // their generator
}

// whole is a resource with everything.
var whole = resource{grants: []string{"create", "read", "write"}, endpoints: true, ids: true}

// kintoResources are the resources that Kinto's settings may be about.
var kintoResources = map[string]resource{
	"bucket": whole, "group": whole, "collection": whole, "record": whole,
	"account":     {grants: whole.grants, endpoints: true},
	"history":     {grants: []string{"read", "write"}, endpoints: true},
	"permissions": {grants: []string{"read"}},
	"user-data":   {grants: []string{"delete"}},
}

var methods = []string{"get", "head", "post", "put", "patch", "delete"}

// families sets what names of resources, buckets and collections are part of: in the file whatever there is, in
// the environment what Kinto's resources can have.
func (l *loader) families() {
	names := l.familyNames()
	for _, name := range keys(l.document.app) {
		if !l.used[name] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if b, ok := l.familyBinding(name); ok {
			l.apply(b)
		}
	}
}

// familyNames are the names that are looked up in the environment though the file does not have them.
func (l *loader) familyNames() []string {
	var names []string
	for _, name := range keys(l.resources) {
		r := l.resources[name]
		for _, permission := range r.grants {
			names = append(names, name+"_"+permission+"_principals")
		}
		if r.ids {
			names = append(names, name+"_id_generator")
		}
		if !r.endpoints {
			continue
		}
		names = append(names, name+"_cache_expires_seconds")
		for _, method := range methods {
			names = append(names, "plural_"+name+"_"+method+"_enabled", "object_"+name+"_"+method+"_enabled")
		}
	}
	for _, key := range awsNames {
		names = append(names, awsPrefix+key)
	}
	return names
}

// familyBinding makes the binding for a name that belongs to a family.
func (l *loader) familyBinding(name string) (b binding, ok bool) {
	r := &l.Resources
	if grant, found := strings.CutSuffix(name, "_principals"); found && l.isGrant(grant) {
		return entry(name, r.Grants, grant, func(text string) ([]string, error) { return items(text), nil }), true
	}
	if resource, found := strings.CutSuffix(name, "_id_generator"); found && l.resources[resource].ids {
		return entry(name, r.IDGenerators, resource, func(text string) (IDGenerator, error) {
			return component(generatorNames, text, generatorAdvice)
		}), true
	}
	if l.isExpiry(name) {
		return entry(name, r.CacheExpires, name, parseExpiry), true
	}
	if l.isMethod(name) {
		b := entry(name, r.Methods, name, parseBool)
		b.changed = func() bool { return !r.Methods[name] } // all are on
		return b, true
	}
	return l.attachmentBinding(name)
}

func (l *loader) isGrant(name string) bool {
	resource, permission, _ := strings.Cut(name, "_") // resources have no "_"
	return slices.Contains(l.resources[resource].grants, permission)
}

// isExpiry knows {resource}_…, and for records those of one bucket or collection in both ways to write them.
func (l *loader) isExpiry(name string) bool {
	prefix, found := strings.CutSuffix(name, "_cache_expires_seconds")
	if !found {
		return false
	}
	scope, record := strings.CutSuffix(prefix, "record")
	return l.resources[prefix].endpoints || record && len(scope) > 1 && strings.ContainsAny(scope[len(scope)-1:], "._")
}

// isMethod knows plural_{resource}_{method}_enabled and object_….
func (l *loader) isMethod(name string) bool {
	middle, found := strings.CutSuffix(name, "_enabled")
	kind, rest, _ := strings.Cut(middle, "_")
	resource, method, _ := cutLast(rest, "_")
	return found && (kind == "plural" || kind == "object") && l.resources[resource].endpoints && slices.Contains(methods, method)
}

func parseExpiry(text string) (time.Duration, error) {
	var expiry time.Duration
	err := seconds("", &expiry).set(text)
	return expiry, err
}

const awsPrefix = "attachment.aws."

// awsNames are those of attachment.aws.{name}.
var awsNames = []string{
	"access_key", "acl", "bucket_name", "endpoint", "host", "is_secure", "port", "region", "secret_key", "use_path_style",
}

// attachmentBinding is for what attachment.… names freely.
func (l *loader) attachmentBinding(name string) (b binding, ok bool) {
	a := &l.Plugins.Attachments
	if key, found := strings.CutPrefix(name, "attachment.extra."); found {
		return entry(name, a.Extra, key, func(text string) (string, error) { return text, nil }), true
	}
	if key, found := strings.CutPrefix(name, awsPrefix); found {
		return secretEntry(name, a.AWS, key, parseAWS(key)), slices.Contains(awsNames, key)
	}
	if key, found := strings.CutPrefix(name, "attachment.gcloud."); found {
		return secretEntry(name, a.Cloud, key, parseSecret), true
	}
	path, found := strings.CutPrefix(name, "attachment.resources.")
	where, rule, inside := cutLast(path, ".")
	if !found || !inside {
		return binding{}, false
	}
	for _, b := range new(AttachmentRules).bindings("") {
		if b.name == rule {
			if strings.Count(where, ".") > 1 {
				b.set = func(string) error { return errors.New("names more than a bucket and a collection") }
			}
			return ruleBinding(name, a, where, b), true
		}
	}
	return binding{}, false
}

// ruleBinding keeps the text of a rule for one bucket or collection, if the rule accepts it.
func ruleBinding(name string, a *Attachments, where string, rule binding) binding {
	if a.Resources[where] == nil {
		a.Resources[where] = map[string]string{}
	}
	return entry(name, a.Resources[where], rule.name, func(text string) (string, error) { return text, rule.set(text) })
}

// entry makes a binding of an entry of a map.
func entry[V any](name string, m map[string]V, key string, parse func(string) (V, error)) binding {
	value := m[key]
	b := bind(name, &value, parse)
	set := b.set
	b.set = func(text string) error {
		err := set(text)
		if err == nil {
			m[key] = value
		}
		return err
	}
	return b
}

func parseSecret(text string) (Secret, error) { return Secret(text), nil }

// parseAWS makes "true" or "false" of those that are words for it, and checks the number.
func parseAWS(key string) func(string) (Secret, error) {
	switch key {
	case "is_secure", "use_path_style":
		return func(text string) (Secret, error) {
			yes, err := parseBool(text)
			return Secret(strconv.FormatBool(yes)), err
		}
	case "port":
		return func(text string) (Secret, error) {
			port, err := parseInt(text, 1, 65535)
			return Secret(strconv.Itoa(port)), err
		}
	}
	return parseSecret
}

func secretEntry(name string, m map[string]Secret, key string, parse func(string) (Secret, error)) binding {
	b := entry(name, m, key, parse)
	b.show = func() string { return m[key].String() }
	return b
}

// policies sets what multiauth.policy.{n}.… says of the policies that are listed.
func (l *loader) policies() {
	for i := range l.Auth.Policies {
		p := &l.Auth.Policies[i]
		for _, b := range p.bindings("multiauth.policy." + p.Setting + ".") {
			l.apply(b)
		}
	}
	// A policy may be described and not listed.
	for _, name := range keys(l.document.app) {
		if prefix, option, found := cutMember(name, "multiauth.policy."); found {
			for _, b := range new(Policy).bindings("") {
				l.known = append(l.known, prefix+b.name)
				l.used[name] = l.used[name] || b.name == option
			}
		}
	}
}

// listeners sets event_listeners.
func (l *loader) listeners() {
	var names []string
	l.apply(list("event_listeners", &names))
	for _, name := range names {
		listener := Listener{Name: name, Options: map[string]Secret{}}
		prefix := listenerPrefix(name)
		for _, b := range listener.bindings(prefix) {
			_, found := l.apply(b)
			if !found && b.name == prefix+"use" { // the name may be that of the component
				l.set(b, name, "event_listeners")
			}
		}
		if len(listener.Actions) == 0 { // changes, then
			listener.Actions = []string{"create", "update", "delete"}
		}
		l.options(&listener, names)
		l.Listeners = append(l.Listeners, listener)
	}
	for _, name := range keys(l.document.app) {
		if _, _, found := cutMember(name, "event_listeners."); found {
			l.used[name] = true // every listener has options of its own
		}
	}
}

// listenerPrefix is what the settings of a listener begin with.
func listenerPrefix(name string) string { return "event_listeners." + name + "." }

// options sets what only the component of a listener understands. A variable is that of the longest name, of those of all
// listeners, that it begins with.
func (l *loader) options(listener *Listener, names []string) {
	prefix := listenerPrefix(listener.Name)
	var options []string
	for _, name := range keys(l.document.app) {
		if option, found := strings.CutPrefix(name, prefix); found {
			options = append(options, option)
		}
	}
	for _, name := range keys(l.env.values) {
		option, found := strings.CutPrefix(name, l.env.prefixed(prefix))
		if found && !slices.ContainsFunc(names, func(other string) bool {
			return len(other) > len(listener.Name) && strings.HasPrefix(name, l.env.prefixed(listenerPrefix(other)))
		}) {
			options = append(options, strings.ToLower(option))
		}
	}
	for _, option := range options {
		if slices.Contains([]string{"use", "actions", "resources"}, option) {
			continue
		}
		b := entry(prefix+option, listener.Options, option, parseSecret)
		b.show = func() string { return hidden }
		l.apply(b)
	}
}

// cutMember splits family.{n}.option before its option. Names have no dots.
func cutMember(name, family string) (prefix, option string, found bool) {
	rest, found := strings.CutPrefix(name, family)
	member, option, dotted := strings.Cut(rest, ".")
	return family + member + ".", option, found && dotted
}

// cutLast is strings.Cut at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}
