package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePageOfSettingsHasThemAll compares the tables in docs/running.md with what can be set: every name is there, no other is,
// and the defaults are right.
func TestThePageOfSettingsHasThemAll(t *testing.T) {
	t.Parallel()
	documented := documentedDefaults(t, "../docs/running.md")
	settings := fixedSettings()
	for _, b := range settings {
		value, found := documented[b.name]
		if !found {
			t.Errorf("%s is not in the page", b.name)
			continue
		}
		if err := b.set(value); err != nil && value != "" {
			t.Errorf("%s: the documented default %q %v", b.name, value, err)
		} else if b.changed() {
			t.Errorf("%s: %q is documented, and is not the default", b.name, value)
		}
	}
	for name := range documented {
		known := slices.ContainsFunc(settings, func(b binding) bool { return b.name == name })
		if !known && !slices.Contains(families, name) {
			t.Errorf("%s is in the page, and is not a setting", name)
		}
	}
	for _, name := range families {
		if _, found := documented[name]; !found {
			t.Errorf("%s is not in the page", name)
		}
	}
}

// fixedSettings are all whose names are fixed but for one, which is written {name}.
func fixedSettings() []binding {
	s := Defaults()
	policy := newPolicy("{name}", "")
	listener := Listener{Actions: []string{"create", "update", "delete"}}
	return slices.Concat(
		[]binding{text("host", &s.Server.Host), between("port", &s.Server.Port, 0, 65535)},
		s.table(), policy.bindings("multiauth.policy.{name}."), listener.bindings("event_listeners.{name}."),
	)
}

// families are names that name something else in the middle, as the page writes them, and the list of listeners.
var families = []string{
	"{resource}_{permission}_principals", "{resource}_id_generator", "{resource}_cache_expires_seconds",
	"plural_{resource}_{method}_enabled", "object_{resource}_{method}_enabled", "event_listeners",
	"attachment.extra.{name}", "attachment.aws.{name}", "attachment.gcloud.{name}", "attachment.resources.{bucket}.{setting}",
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:`([^`]*)`)? ?\\|")

// documentedDefaults are the first two columns of the tables of settings in a page.
func documentedDefaults(t *testing.T, page string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, tables, _ := strings.Cut(string(content), "\n## Settings\n")
	tables, _, _ = strings.Cut(tables, "\n## ")
	defaults := map[string]string{}
	for _, cells := range row.FindAllStringSubmatch(tables, -1) {
		if _, twice := defaults[cells[1]]; twice {
			t.Errorf("%s is in the page twice", cells[1])
		}
		defaults[cells[1]] = cells[2]
	}
	return defaults
}
