package config

import (
	"path"
	"slices"
	"strings"
)

// obsolete are settings of Kinto that mean nothing here, by shell pattern, in groups for each of which one
// sentence tells why. A group without a sentence does what its settings ask for anyway.
var obsolete = []struct {
	names    []string
	sentence string
}{
	{[]string{"flush_endpoint_enabled"}, ""}, // loader.cautions tells, where it matters
	{[]string{"use", "set *", "get *", "tm.annotate_user", "settings_prefix"}, ""},
	{[]string{"initialization_sequence"}, "replaces steps of the start in Python, which this software does not have"},
	{[]string{"json_renderer", "logging_renderer", "project_handlers"}, "names Python code; log_format and log_level say how to log"},
	{[]string{"pyramid.*"}, "configures the Python framework Pyramid"},
	{[]string{"multiauth.groupfinder", "multiauth.authorization_policy"}, "names Python code; groups and permissions are built in"},
	{
		[]string{
			"*_pool_size", "*_max_overflow", "*_pool_recycle", "*_pool_timeout", "*_max_backlog", "*_poolclass",
			"*_pool_pre_ping",
		},
		"sets up a pool of connections in Python; parameters of storage_url such as pool_max_conns do so here",
	},
	{[]string{"cache_hosts"}, "names servers of memcached, which is not used"},
	{[]string{"newrelic_*", "newrelic.*"}, "configures New Relic, which is not built in; traces are exported with OpenTelemetry"},
	{[]string{"sentry_*"}, "configures Sentry, which is not built in; errors are in the log, and traces are exported with OpenTelemetry"},
	{[]string{"profiler_dir"}, "configures the Python profiler"},
	{[]string{"statsd_backend"}, "names Python code"},
	{[]string{"quotas.*"}, "belongs to quotas, which Kinto has removed"},
}

// obsolete accepts what means nothing here, and says so once for each group.
func (l *loader) obsolete() {
	for _, group := range obsolete {
		var found []string
		for _, name := range l.rest() {
			if slices.ContainsFunc(group.names, func(pattern string) bool { return globs(pattern, name) }) {
				found = append(found, name)
				l.used[name] = true
			}
		}
		if group.sentence != "" && len(found) > 0 {
			l.warn(found[0], "%s has no effect: it %s.", strings.Join(found, ", "), group.sentence)
		}
	}
	l.contradicted("transaction_per_request", true, "every request is carried out whole or not at all")
	l.contradicted("profiler_enabled", false, "there is no profiler for single requests")
}

// contradicted accepts a setting that can have but one value here, and says so to those who give another.
func (l *loader) contradicted(name string, value bool, sentence string) {
	asked := value
	if _, given := l.apply(flag(name, &asked), name); given && asked != value {
		l.warn(name, "%s has no effect: %s.", name, sentence)
	}
}

// rest are the names that nothing understood so far: those in the file, and of variables with our prefix.
func (l *loader) rest() []string {
	var names []string
	for _, name := range keys(l.document.app) {
		if !l.used[name] {
			names = append(names, name)
		}
	}
	for _, name := range keys(l.env) {
		if strings.HasPrefix(name, envPrefix) && !l.used[name] {
			names = append(names, name)
		}
	}
	return names
}

// globs matches a name of the file, or that of a variable.
func globs(pattern, name string) bool {
	if strings.HasPrefix(name, envPrefix) {
		pattern = envPrefix + variable(pattern)
	}
	matched, _ := path.Match(pattern, name)
	return matched
}
