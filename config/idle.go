package config

import (
	"slices"
	"strings"
)

// idle warns of settings that are right, but of no effect because of what others say.
func (l *loader) idle() {
	var policies, listeners []string
	for _, p := range l.Auth.Policies {
		policies = append(policies, p.Setting)
		if p.Kind != OpenID {
			l.vain("it is for policies of OpenID Connect", func(name string) bool {
				option, found := strings.CutPrefix(name, "multiauth.policy."+p.Setting+".")
				return found && option != "use" && option != "realm"
			})
		}
	}
	for _, listener := range l.Listeners {
		listeners = append(listeners, listener.Name)
	}
	l.unlisted("multiauth.policies", "multiauth.policy.", policies)
	l.unlisted("event_listeners", "event_listeners.", listeners)
	for _, prefix := range keys(pluginSettings) {
		if plugin := pluginSettings[prefix]; !l.Plugins.Has(plugin) {
			l.vain("includes does not have "+string(plugin), func(name string) bool { return strings.HasPrefix(name, prefix) })
		}
	}
	for _, other := range []struct {
		without          bool
		prefix, sentence string
	}{
		{l.HTTP.Backoff == 0, "backoff_percentage", "backoff is 0"},
		{
			!l.Resources.PermissionsEndpoint && !l.Plugins.Has(PluginAdmin), "permissions_read_principals",
			"experimental_permissions_endpoint is false",
		},
		{l.HTTP.EndOfService.At.IsZero(), "eos_", "eos is not given"},
		{l.Plugins.Has(PluginAttachment) && l.Plugins.Attachments.BasePath != "", "attachment.aws.", "attachment.base_path is given"},
		{
			l.Plugins.Has(PluginHistory) && l.Plugins.History.TrimMaxCount <= 0, "history.auto_trim_",
			"history.auto_trim_max_count must be more than 0 for entries to be forgotten",
		},
	} {
		if other.without {
			l.vain(other.sentence, func(name string) bool { return strings.HasPrefix(name, other.prefix) })
		}
	}
	l.vain("all resources have a generator of their own, such as record_id_generator", func(name string) bool {
		return name == "id_generator" && !slices.ContainsFunc(keys(l.resources), l.takesDefaultIDs)
	})
}

// pluginSettings are the plug-ins that alone heed a setting, by what its name begins with.
var pluginSettings = map[string]Plugin{
	"account_": PluginAccounts, "admin_assets_path": PluginAdmin, "attachment.": PluginAttachment,
	"default_bucket_hmac_secret": PluginDefaultBucket, "history.": PluginHistory, "history_": PluginHistory,
	"prometheus_created_": PluginPrometheus, "prometheus_histogram_": PluginPrometheus, "prometheus_prefix": PluginPrometheus,
}

func (l *loader) takesDefaultIDs(resource string) bool {
	_, own := l.Resources.IDGenerators[resource]
	return l.resources[resource].ids && !own
}

// vain warns of what was given to no purpose, by name.
func (l *loader) vain(sentence string, is func(name string) bool) {
	for _, g := range l.given {
		if g.changed && is(g.name) {
			l.warn(g.name, "%s has no effect: %s.", g.name, sentence)
		}
	}
}

// unlisted warns of members of a family that the file describes, but the list does not have.
func (l *loader) unlisted(list, family string, listed []string) {
	found := map[string]string{} // a setting of each
	for _, name := range keys(l.document.app) {
		prefix, _, member := cutMember(name, family)
		is := strings.TrimSuffix(strings.TrimPrefix(prefix, family), ".")
		if member && l.used[name] && found[is] == "" && !slices.Contains(listed, is) {
			found[is] = name
			l.warn(name, "%s has no effect: %s does not list %s.", name, list, is)
		}
	}
}
