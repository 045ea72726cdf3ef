package config

import (
	"slices"
	"strings"
	"testing"
)

// A key that nothing looks up would never warn.
func TestUnsupportedNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	known := []string{"event_listeners", grantFamily, generatorFamily, expiryFamily, methodFamily}
	known = append(known, keys(pluginNames)...)
	for _, kind := range policyNames {
		known = append(known, "policy "+string(kind))
	}
	for _, b := range Defaults().table() {
		known = append(known, b.name)
	}
	for key, sentence := range unsupported {
		if !slices.Contains(known, key) {
			t.Errorf("%q is not a setting, family, plug-in or policy", key)
		}
		if sentence == "" || strings.HasSuffix(sentence, ".") {
			t.Errorf("%q: got %q, want a sentence without its full stop", key, sentence)
		}
	}
}

func TestLoadWarnsOfWhatIsNotSupported(t *testing.T) {
	t.Parallel()
	app := map[string]string{
		"experimental_permissions_endpoint": "true", "event_listeners": "webhook",
		"includes": "kinto.plugins.history", "group_cache_expires_seconds": "5",
		"plural_bucket_get_enabled": "false", "plural_bucket_put_enabled": "true",
	}
	l := &loader{
		Settings: Defaults(), document: document{app: app}, used: map[string]bool{}, resources: kintoResources,
	}
	l.all()
	l.warnings = nil
	l.unsupportedIn(map[string]string{
		"experimental_permissions_endpoint": "A", "event_listeners": "B", "kinto.plugins.history": "C", expiryFamily: "D", methodFamily: "E",
		"readonly": "not given", "kinto.plugins.flush": "not included",
	})
	var got []string
	for _, w := range l.warnings {
		got = append(got, w.Text)
	}
	want := []string{
		"experimental_permissions_endpoint is not supported by this version yet: A.",
		"event_listeners is not supported by this version yet: B.",
		"plural_bucket_get_enabled is not supported by this version yet: E.",
		"group_cache_expires_seconds is not supported by this version yet: D.",
		"kinto.plugins.history in includes is not supported by this version yet: C.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
