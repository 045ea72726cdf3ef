package config

import (
	"errors"
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
	{[]string{"use", "set *", "get *", "tm.annotate_user", "settings_prefix", usualPrefix + "settings_prefix"}, ""},
	{[]string{"initialization_sequence"}, "the start is not a sequence of Python functions"},
	{[]string{"json_renderer", "logging_renderer", "project_handlers"}, "Python code is not loaded; log_format and log_level say how to log"},
	{[]string{"pyramid.*"}, "the Python framework Pyramid is not used"},
	{
		[]string{
			"*_pool_size", "*_max_overflow", "*_pool_recycle", "*_pool_timeout", "*_max_backlog", "*_poolclass",
			"*_pool_pre_ping",
		},
		"connections are pooled by other means; parameters of storage_url such as pool_max_conns set them up",
	},
	{[]string{"attachment.aws.num_retries", "attachment.aws.timeout"}, "requests to S3 are timed and repeated by other means"},
	{[]string{"cache_hosts"}, "memcached is not used"},
	{[]string{"newrelic_*", "newrelic.*"}, "New Relic is not built in; metrics are served for Prometheus and sent to StatsD"},
	{[]string{"sentry_*"}, "Sentry is not built in; errors are in the log of the program"},
	{[]string{"profiler_dir"}, "there is no profiler for single requests"},
	{[]string{"statsd_backend"}, "Python code is not loaded"},
	{[]string{"account_id_generator"}, "the ids of accounts are names that people choose"},
	{[]string{"quotas.*"}, "Kinto has removed quotas"},
}

// obsolete accepts what means nothing here, and says so once for each group.
func (l *loader) obsolete() {
	for _, group := range obsolete {
		var found []string
		for _, name := range l.rest() {
			if slices.ContainsFunc(group.names, func(pattern string) bool { return l.globs(pattern, name) }) {
				found = append(found, name)
				l.used[name] = true
			}
		}
		if group.sentence != "" && len(found) > 0 {
			l.warn(found[0], "%s: no effect, because %s.", strings.Join(found, ", "), group.sentence)
		}
	}
	l.decider("multiauth.groupfinder")
	l.decider("multiauth.authorization_policy")
	l.contradicted("transaction_per_request", true, "every request is carried out whole or not at all")
	l.contradicted("profiler_enabled", false, "there is no profiler for single requests")
}

// decider refuses code that decides who may do what, unless it is what Kinto itself has.
func (l *loader) decider(name string) {
	l.apply(bind(name, new(string), func(text string) (string, error) {
		if text != "" && !strings.HasPrefix(text, "kinto.core.") && !strings.HasPrefix(text, "kinto.authorization.") {
			return "", errors.New("names Python code, which cannot be loaded, to decide who may do what: remove it if " +
				"groups and permissions as Kinto has them are enough")
		}
		return text, nil
	}))
}

// contradicted accepts a setting that can have but one value here, and says so to those who give another.
func (l *loader) contradicted(name string, value bool, sentence string) {
	asked := value
	if _, given := l.apply(flag(name, &asked)); given && asked != value {
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
	for _, name := range keys(l.env.values) {
		if l.env.has(name) && !l.used[name] {
			names = append(names, name)
		}
	}
	return names
}

// globs matches a name of the file, or that of a variable.
func (l *loader) globs(pattern, name string) bool {
	if l.env.has(name) {
		pattern = l.env.prefixed(pattern)
	}
	matched, _ := path.Match(pattern, name)
	return matched
}
