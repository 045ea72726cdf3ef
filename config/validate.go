package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate returns an error with a line for each rule that the settings break, nil if the service can start with
// them. [Load] does this itself; it is for settings made by a program.
func (s *Settings) Validate() error { return errors.Join(s.problems()...) }

// rule is a sentence that is to be false of the settings.
type rule struct {
	broken   bool
	sentence string
}

func (s *Settings) problems() []error {
	var errs []error
	for _, r := range slices.Concat(s.generalRules(), s.storageRules(), s.logRules(), s.attachmentRules(), s.accountRules()) {
		if r.broken {
			errs = append(errs, errors.New(r.sentence))
		}
	}
	for _, p := range s.Auth.Policies {
		errs = append(errs, p.problems()...)
	}
	return errs
}

var apiVersion = regexp.MustCompile(`\A[0-9]+\.[0-9]+\z`)

func (s *Settings) generalRules() []rule {
	return []rule{
		{s.Server.Port < 0 || s.Server.Port > 65535, "port must be between 0 and 65535"},
		{s.Server.Host == "", "host must be an address to listen on, such as 127.0.0.1, or 0.0.0.0 for all"},
		{!apiVersion.MatchString(s.Project.APIVersion), "http_api_version must be two numbers, such as 1.23"},
		{strings.ContainsAny(s.HTTP.Host, "/@ "), "http_host must be a host name, with :port if needed, and without scheme or path"},
		{s.HTTP.RetryAfter < time.Second, "retry_after_seconds must be 1 or more"},
		{s.HTTP.HeartbeatTimeout <= 0, "heartbeat_timeout_seconds must be more than 0"},
		{s.Limits.TokenValidity < time.Second, "pagination_token_validity_seconds must be 1 or more"},
		{s.Limits.ReadTimeout <= 0, "read_timeout_seconds must be more than 0"},
		{s.Limits.AnswerTimeout <= 0, "answer_timeout_ms must be more than 0"},
		{s.Limits.BodyTimeout <= 0, "body_timeout_seconds must be more than 0"},
		{s.Limits.SendTimeout <= 0, "send_timeout_seconds must be more than 0"},
		{s.Limits.MaxFetchSize < 1, "storage_max_fetch_size must be 1 or more"},
		{!slices.Contains([]string{"text", "json"}, s.Logging.Format), "log_format must be text or json"},
		{!slices.Contains([]string{"debug", "info", "warn", "error"}, s.Logging.Level), "log_level must be debug, info, warn or error"},
	}
}

func (s *Settings) storageRules() []rule {
	st := s.Storage
	return []rule{
		{st.DataDir == "", "data_dir must be a folder"},
		{st.ReadModel != SQLite && st.ReadModel != PostgreSQL, "read_model must be sqlite or postgresql"},
		{
			st.ReadModel == PostgreSQL && st.URL == "",
			"storage_url must be given, such as postgresql://user:password@host/database, because the read model is PostgreSQL",
		},
	}
}

var streamName = regexp.MustCompile(`\A[A-Za-z0-9_-]+\z`)

func (s *Settings) logRules() []rule {
	l := s.EventLog
	return []rule{
		{!streamName.MatchString(l.Stream), "nats_stream must consist of letters, digits, - and _"},
		{l.Replicas != 1 && l.Replicas != 3, "nats_replicas must be 1 or 3"},
		{l.Sync != SyncAlways && l.Sync != SyncInterval, "log_sync must be always or interval"},
		{l.Embedded() && l.Replicas > 1, "nats_replicas must be 1 without nats_url, because the embedded log is one server"},
		{!l.Embedded() && l.Listen != "", "nats_listen is for the embedded log: remove it, or nats_url"},
		{l.Listen != "" && !isHostPort(l.Listen), "nats_listen must be host:port, such as 127.0.0.1:4222"},
		{l.Credentials != "" && l.User != "", "nats_credentials and nats_user exclude each other: remove one"},
		{(l.User == "") != (l.Password == ""), "nats_user and nats_password belong together: give both or none"},
		{l.Embedded() && (l.User != "" || l.Credentials != "" || len(l.MonitorURLs) > 0), "nats_user, nats_password, nats_credentials " +
			"and nats_monitor_urls are for an external log: give nats_url as well, or remove them"},
	}
}

func isHostPort(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n <= 65535
}

func (s *Settings) attachmentRules() []rule {
	aws := s.Plugins.Attachments.AWS
	return []rule{
		{strings.ContainsAny(aws["host"].Reveal(), "/@ "), "attachment.aws.host must be a host name, without scheme or path"},
		{
			aws["endpoint"] != "" && (aws["host"] != "" || aws["port"] != "" || aws["is_secure"] != ""),
			"attachment.aws.endpoint says what host, port and is_secure say: remove those of attachment.aws, or the endpoint",
		},
	}
}

// accountRules are those of protocol 5.3.
func (s *Settings) accountRules() []rule {
	if !s.Plugins.Has(PluginAccounts) {
		return nil
	}
	accounts, basic := s.Auth.position(Accounts), s.Auth.position(BasicAuth)
	var strangers []string
	for _, principal := range s.Resources.Grants["account_create"] {
		if principal != "system.Everyone" && !slices.Contains(s.Resources.Grants["account_write"], principal) {
			strangers = append(strangers, principal)
		}
	}
	return []rule{
		{
			accounts < 0, "includes has kinto.plugins.accounts, but multiauth.policies has no policy for it: add account, " +
				"and multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy",
		},
		{
			basic >= 0 && basic < accounts,
			"multiauth.policies must list the accounts policy before basicauth, which accepts every password",
		},
		{
			slices.ContainsFunc(s.Auth.Policies, func(p Policy) bool { return p.Name == "account" && p.Kind != Accounts }),
			"multiauth.policies must call the policy account otherwise, because it is none of accounts, whose users have ids that begin " +
				"with account:",
		},
		{len(strangers) > 0, fmt.Sprintf("account_write_principals must have all of account_create_principals but "+
			"system.Everyone: add %s", strings.Join(strangers, " "))},
	}
}

var pathSegment = regexp.MustCompile(`\A[A-Za-z0-9_-]+\z`)

func (p Policy) problems() []error {
	var errs []error
	setting := "multiauth.policy." + p.Setting + "."
	if p.Kind == "" {
		errs = append(errs, fmt.Errorf("%suse must be given, because multiauth.policies lists %s: %s", setting, p.Setting, policyAdvice))
	}
	if p.Kind != OpenID {
		return errs
	}
	if !pathSegment.MatchString(p.Name) {
		errs = append(errs, fmt.Errorf("multiauth.policies: the name %s must consist of letters, digits, - and _, because it is part of "+
			"a path", p.Setting))
	}
	if _, err := withScheme(p.Issuer, "https", "http"); err != nil || p.Issuer == "" {
		errs = append(errs, fmt.Errorf("%sissuer must be the address of the OpenID provider, such as https://example.org", setting))
	}
	if p.ClientID == "" {
		errs = append(errs, fmt.Errorf("%sclient_id must be given: the OpenID provider knows it", setting))
	}
	for _, origin := range p.CallbackOrigins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || origin != u.Scheme+"://"+strings.ToLower(u.Host) {
			errs = append(errs, fmt.Errorf("%scallback_origins must be as https://app.example.org, in small letters, with nothing "+
				"after the host or port: %q", setting, origin))
		}
	}
	return errs
}

// cautions warns of what works, but maybe not as meant.
func (l *loader) cautions() {
	if l.Auth.UserIDSecret == "" && l.Auth.HasPolicy(BasicAuth) && !l.Settings.Newcomer {
		l.warn("userid_hmac_secret", "userid_hmac_secret is empty: whoever knows a user's id can test passwords against "+
			"it; give a long random text.")
	}
	if l.Plugins.DefaultBucketSecret == "" && l.Plugins.Has(PluginDefaultBucket) {
		l.warn("default_bucket_hmac_secret", "default_bucket_hmac_secret is empty: whoever knows a user's id can make the personal "+
			"bucket first, and sees what the user puts there; give a long random text, with which the buckets of all users are others.")
	}
	for _, p := range l.Auth.Policies {
		if plugin, ok := pluginOf[p.Kind]; ok && !l.Plugins.Has(plugin) {
			l.warn("includes", "multiauth.policies lists %s, the policy of %s, which includes does not have.", p.Setting, plugin)
		}
	}
	for _, p := range l.Auth.Policies {
		if setting := "multiauth.policy." + p.Setting + ".callback_origins"; p.Kind == OpenID && len(p.CallbackOrigins) == 0 &&
			l.Plugins.Has(PluginOpenID) {
			l.warn(setting, "%s is empty: whoever gets a user to follow a link can have the user's token sent to a page of his own; "+
				"list the origins of your applications, such as https://app.example.org.", setting)
		}
	}
	if l.Plugins.Has(PluginOpenID) && !l.Auth.HasPolicy(OpenID) {
		l.warn("includes", "includes has %s, which has no effect: multiauth.policies lists no policy of it.", PluginOpenID)
	}
	if enabled, _ := parseBool(l.valueOf("flush_endpoint_enabled")); enabled && !l.Plugins.Has(PluginFlush) {
		l.warn("flush_endpoint_enabled", "flush_endpoint_enabled has no effect: add %s to includes.", PluginFlush)
	}
	if l.Storage.URL != "" && l.Storage.ReadModel == SQLite {
		reason := "without storage_backend = kinto.core.storage.postgresql the read model is the embedded SQLite"
		if l.valueOf("read_model") != "" {
			reason = "read_model is sqlite"
		}
		l.warn("storage_url", "storage_url has no effect: %s.", reason)
	}
	if l.document.jsonLogs != "" && l.Logging.Format != "json" {
		l.warn("log_format", "[%s] has no effect: log_format = json writes the log as JSON.", l.document.jsonLogs)
	}
	if l.EventLog.Sync == SyncInterval {
		l.warn("log_sync", "log_sync is interval: changes that were acknowledged are lost when the power fails.")
	}
}

// pluginOf are the plug-ins that policies belong to.
var pluginOf = map[PolicyKind]Plugin{Accounts: PluginAccounts, OpenID: PluginOpenID}
