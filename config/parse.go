package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// parsePolicies reads multiauth.policies. Of what kind each is, its own settings tell.
func parsePolicies(text string) ([]Policy, error) {
	var policies []Policy
	for _, name := range items(text) {
		if slices.ContainsFunc(policies, func(p Policy) bool { return p.Name == strings.ToLower(name) }) {
			return nil, fmt.Errorf("lists %s twice", name)
		}
		var kind PolicyKind
		if name == string(BasicAuth) {
			kind = BasicAuth
		}
		policies = append(policies, newPolicy(name, kind))
	}
	return policies, nil
}

// newPolicy is a policy with the defaults of its settings.
func newPolicy(name string, kind PolicyKind) Policy {
	p := Policy{Setting: name, Name: strings.ToLower(name), Kind: kind}
	for _, b := range p.bindings("") {
		if text, ok := policyDefaults[b.name]; ok {
			_ = b.set(text) // is right: TestNewcomer
		}
	}
	return p
}

var policyDefaults = map[string]string{
	"realm": "Realm", "header_type": "Bearer", "userid_field": "sub",
	"verification_ttl_seconds": "86400", "state_ttl_seconds": "3600", "state_length": "32",
}

func (p *Policy) bindings(prefix string) []binding {
	return []binding{
		bind(prefix+"use", &p.Kind, policyKind),
		text(prefix+"realm", &p.Realm),
		text(prefix+"issuer", &p.Issuer),
		text(prefix+"client_id", &p.ClientID),
		secret(prefix+"client_secret", &p.ClientSecret),
		text(prefix+"audience", &p.Audience),
		text(prefix+"header_type", &p.HeaderType),
		text(prefix+"userid_field", &p.UserIDField),
		seconds(prefix+"verification_ttl_seconds", &p.VerificationTTL),
		seconds(prefix+"state_ttl_seconds", &p.StateTTL),
		between(prefix+"state_length", &p.StateLength, 8, 256),
		list(prefix+"callback_origins", &p.CallbackOrigins),
	}
}

func parseIncludes(text string) ([]Plugin, error) {
	var included []Plugin
	for _, name := range items(text) {
		p, err := plugin(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(included, p) {
			return nil, fmt.Errorf("lists %s twice", name)
		}
		included = append(included, p)
	}
	return included, nil
}

func (l *Listener) bindings(prefix string) []binding {
	return []binding{
		named(prefix+"use", &l.Use, listenerNames, listenerAdvice),
		bind(prefix+"actions", &l.Actions, parseActions),
		list(prefix+"resources", &l.Resources),
	}
}

// parseActions reads those that a listener hears of, if any are named.
func parseActions(text string) ([]string, error) {
	actions := items(strings.ToLower(text))
	for _, action := range actions {
		if err := oneOf(action, "create", "update", "delete", "read"); err != nil {
			return nil, fmt.Errorf("names %q: each action %w", action, err)
		}
	}
	return actions, nil
}

// parseExtensions reads names of groups of file name extensions, joined with a plus sign or blanks.
func parseExtensions(text string) ([]string, error) {
	return items(strings.ReplaceAll(text, "+", " ")), nil
}

// parseMimeTypes reads pairs such as .ftl:application/x-ftl, with blanks, commas or semicolons between them.
func parseMimeTypes(text string) (map[string]string, error) {
	types := map[string]string{}
	for _, item := range items(strings.ReplaceAll(text, ";", " ")) {
		extension, mime, found := strings.Cut(item, ":")
		if !found || !strings.Contains(mime, "/") {
			return nil, errors.New("must be pairs such as .ftl:application/x-ftl")
		}
		types[extension] = mime
	}
	return types, nil
}

// parsePattern reads the name of a file in which {datetime}, {rid} and {filename} stand for something else.
func parsePattern(text string) (string, error) {
	if strings.Contains(text, "/") || hasBraces(text, "{datetime}", "{rid}", "{filename}") {
		return "", errors.New("must be a name such as {datetime}-{filename}, without other braces than those of {datetime}, {rid} and {filename}")
	}
	return text, nil
}

// parseFolder reads a folder in which {bucket_id} and {collection_id} stand for something else.
func parseFolder(text string) (string, error) {
	if hasBraces(text, "{bucket_id}", "{collection_id}") {
		return "", errors.New("must be such as {bucket_id}/{collection_id}, without other braces than those two")
	}
	return text, nil
}

// hasBraces tells whether there are braces beside these names in them.
func hasBraces(text string, names ...string) bool {
	for _, name := range names {
		text = strings.ReplaceAll(text, name, "")
	}
	return strings.ContainsAny(text, "{}")
}

// parseBaseURL reads a URL, whole or without scheme and host.
func parseBaseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if text != "" && (err != nil || (u.Scheme == "" || u.Host == "") && !strings.HasPrefix(text, "/")) {
		return "", errors.New("must be a URL such as https://files.example.com/")
	}
	return text, nil
}

var objectURI = regexp.MustCompile(`\A/buckets/[^/]+(/groups/[^/]+|/collections/[^/]+(/records/[^/]+)?)?/?\z`)

// parseURIs reads URIs of buckets and of what is in them.
func parseURIs(text string) ([]string, error) {
	uris := items(text)
	for _, uri := range uris {
		if !objectURI.MatchString(uri) {
			return nil, errors.New("must be URIs such as /buckets/blog and /buckets/blog/collections/posts")
		}
	}
	return uris, nil
}
