package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// URL is an address that may carry credentials: however it is printed, logged or encoded, they show as "***".
type URL string

// Reveal returns the address with its credentials.
func (u URL) Reveal() string { return string(u) }

// String returns the address without its credentials.
func (u URL) String() string {
	scheme, rest, found := strings.Cut(string(u), "://")
	if !found {
		scheme, rest = "", string(u)
	} else {
		scheme += "://"
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery {
		query = "?" + maskQuery(query)
	}
	// What stands before the last @ is credentials, even where a / in them makes it no URL.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = maskUser(rest[:at]) + rest[at:]
	} else if strings.Contains(query, "@") {
		return scheme + "***" // a password with a ? in it
	}
	return scheme + rest + query
}

// maskUser keeps a user name that has a password: one without may be a token.
func maskUser(userinfo string) string {
	if user, _, found := strings.Cut(userinfo, ":"); found && !strings.ContainsAny(user, "/@") {
		return user + ":***"
	}
	return "***"
}

// maskQuery keeps the names of parameters, and the values of those that are known not to be secret.
func maskQuery(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, found := strings.Cut(pair, "=")
		if found && !publicParameters[name] {
			pairs[i] = name + "=***"
		}
	}
	return strings.Join(pairs, "&")
}

var publicParameters = map[string]bool{
	"sslmode": true, "host": true, "port": true, "dbname": true, "user": true, "application_name": true,
	"connect_timeout": true, "target_session_attrs": true, "search_path": true, "client_encoding": true,
}

// GoString hides the credentials.
func (u URL) GoString() string { return fmt.Sprintf("%q", u.String()) }

// Format hides the credentials, whatever the verb.
func (u URL) Format(f fmt.State, verb rune) { writeHidden(f, verb, u.String()) }

// MarshalText hides the credentials, in JSON as well.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalJSON hides the credentials.
func (u URL) MarshalJSON() ([]byte, error) { return json.Marshal(u.String()) }

// LogValue hides the credentials.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// parse checks the address against the schemes allowed. Its error says nothing of the address.
func (u URL) parse(schemes ...string) (*url.URL, error) {
	parsed, err := url.Parse(string(u))
	if err != nil {
		return nil, fmt.Errorf("is not a URL; signs such as / ? # @ in a password are written percent-encoded")
	}
	if !slices.Contains(schemes, parsed.Scheme) {
		return nil, fmt.Errorf("must begin with %s://", strings.Join(schemes, ":// or "))
	}
	return parsed, nil
}

// postgresURL turns an address as SQLAlchemy writes it into one that PostgreSQL's own libraries read: the
// driver named after a + is ours to choose.
func postgresURL(text string) (URL, error) {
	scheme, rest, found := strings.Cut(text, "://")
	dialect, _, _ := strings.Cut(scheme, "+")
	if !found || dialect != "postgresql" && dialect != "postgres" {
		return "", fmt.Errorf("must begin with postgresql://")
	}
	u := URL("postgres://" + rest)
	_, err := u.parse("postgres")
	return u, err
}

// withScheme checks an address, of the first scheme if it names none.
func withScheme(text string, schemes ...string) (URL, error) {
	u := URL(text)
	if !strings.Contains(text, "://") {
		u = URL(schemes[0] + "://" + text)
	}
	parsed, err := u.parse(schemes...)
	if err == nil && parsed.Host == "" {
		err = fmt.Errorf("names no host")
	}
	return u, err
}

func joinURLs(urls []URL) string {
	texts := make([]string, len(urls))
	for i, u := range urls {
		texts[i] = u.String()
	}
	return strings.Join(texts, " ")
}
