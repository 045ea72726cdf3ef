package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kintolog/kintolog/config"
)

func TestLoadWarns(t *testing.T) {
	t.Parallel()
	const postgres = "storage_backend = kinto.core.storage.postgresql\nstorage_url = postgresql://u:hush@h/d\n"
	for _, c := range []struct {
		name, env, lines string
		want             []string
	}{
		{"a misspelling", "", "paginateby = 5", []string{"paginateby in FILE is not a setting and has no effect; did you mean paginate_by?"}},
		{"a capital letter", "", "Paginate_By = 5", []string{"Paginate_By in FILE is not a setting and has no effect; did you mean paginate_by?"}},
		{"an unknown name", "", "zzz.www = 5", []string{"zzz.www in FILE is not a setting and has no effect."}},
		{"a misspelt variable", "KINTO_PAGINATE=5", "", []string{
			"KINTO_PAGINATE in the environment is not a setting and has no effect; did you mean KINTO_PAGINATE_BY?",
		}},
		{"a misspelt variable with a prefix of one's own", "MINE_PAGINATE=5", "settings_prefix = mine", []string{
			"MINE_PAGINATE in the environment is not a setting and has no effect; did you mean MINE_PAGINATE_BY?",
		}},
		{"the prefix of one's own, with the usual one", "", "kinto.settings_prefix = mine\nmine.paginateby = 5", []string{
			"paginateby in FILE is not a setting and has no effect; did you mean paginate_by?",
		}},
		{"the address in the wrong section", "", "host = h\nkinto.port = 80", []string{
			"host in FILE has no effect in [app:main]: it belongs in [server:main].",
			"port in FILE has no effect in [app:main]: it belongs in [server:main].",
		}},
		{"variables of others", "PAGINATE=5", "", nil},
		{"the file, and Kubernetes", "KINTO_INI=x", "", nil},
		{"Kubernetes, for a service of another name", "MINE_PORT=tcp://10.0.0.1:80", "settings_prefix = mine", nil},
		{"more of Kubernetes", "MINE_SERVICE_HOST=10.0.0.1", "settings_prefix = mine", nil},
		{"a misspelt permission", "", "bucket_wirte_principals = a", []string{
			"bucket_wirte_principals in FILE is not a setting and has no effect; did you mean bucket_write_principals?",
		}},
		{"a misspelt resource", "", "buckett_create_principals = a", []string{
			"buckett_create_principals in FILE is not a setting and has no effect; did you mean bucket_create_principals?",
		}},
		{"a misspelt method", "", "plural_bucket_gett_enabled = true", []string{
			"plural_bucket_gett_enabled in FILE is not a setting and has no effect; did you mean plural_bucket_get_enabled?",
		}},
		{"a misspelt option of a policy", "", "multiauth.policy.x.isuer = a", []string{
			"multiauth.policy.x.isuer in FILE is not a setting and has no effect; did you mean multiauth.policy.x.issuer?",
		}},
		{"a misspelt history setting", "", "history.exclude_resource = a", []string{
			"history.exclude_resource in FILE is not a setting and has no effect; did you mean history.exclude_resources?",
		}},
		{"a misspelt rule", "", "attachment.resources.b.randomise = a", []string{
			"attachment.resources.b.randomise in FILE is not a setting and has no effect.",
		}},
		{"families", "KINTO_RECORD_READ_PRINCIPALS=a", "blog_posts_record_cache_expires_seconds = 5\n" +
			"object_record_put_enabled = true\nattachment.extra.x = y\nincludes = kinto_attachment", nil},
		{"what no list has", "", "multiauth.policy.unused.issuer = a\nmultiauth.policy.unused.realm = a\nevent_listeners.unused.anything = a", []string{
			"multiauth.policy.unused.issuer has no effect: multiauth.policies does not list unused.",
			"event_listeners.unused.anything has no effect: event_listeners does not list unused.",
		}},
		{"another policy's options", "", "userid_hmac_secret = hush\nmultiauth.policies = a\nmultiauth.policy.a.use = basicauth\n" +
			"multiauth.policy.a.realm = R\nmultiauth.policy.a.audience = b", []string{
			"multiauth.policy.a.audience has no effect: it is for policies of OpenID Connect.",
		}},
		{
			"logins that lead anywhere", "", "includes = kinto.plugins.openid\nmultiauth.policies = o p\nmultiauth.policy.o.use = openid\n" +
				"multiauth.policy.o.issuer = https://i\nmultiauth.policy.o.client_id = c\nmultiauth.policy.p.issuer = https://i\n" +
				"multiauth.policy.p.client_id = d\nmultiauth.policy.p.use = openid\nmultiauth.policy.p.callback_origins = https://a",
			[]string{
				"multiauth.policy.o.callback_origins is empty: whoever gets a user to follow a link can have the user's token sent to a page " +
					"of his own; list the origins of your applications, such as https://app.example.org.",
			},
		},
		{"personal buckets that can be found", "", "includes = kinto.plugins.default_bucket", []string{
			"default_bucket_hmac_secret is empty: whoever knows a user's id can make the personal bucket first, and sees what the user " +
				"puts there; give a long random text, with which the buckets of all users are others.",
		}},
		{"personal buckets that cannot", "", "includes = kinto.plugins.default_bucket\ndefault_bucket_hmac_secret = hush", nil},
		{"settings of plug-ins that are not used", "", "history.exclude_user_ids = a\naccount_cache_ttl_seconds = 5\nprometheus_prefix = a", []string{
			"account_cache_ttl_seconds has no effect: includes does not have kinto.plugins.accounts.",
			"history.exclude_user_ids has no effect: includes does not have kinto.plugins.history.",
			"prometheus_prefix has no effect: includes does not have kinto.plugins.prometheus.",
		}},
		{"grants of plug-ins that are not used", "", "account_read_principals = a\nhistory_read_principals = a\npermissions_read_principals = a", []string{
			"account_read_principals has no effect: includes does not have kinto.plugins.accounts.",
			"history_read_principals has no effect: includes does not have kinto.plugins.history.",
			"permissions_read_principals has no effect: experimental_permissions_endpoint is false.",
		}},
		{"plug-ins without their policies", "", "includes = kinto.plugins.openid", []string{
			"includes has kinto.plugins.openid, which has no effect: multiauth.policies lists no policy of it.",
		}},
		{"what comes with others", "KINTO_BACKOFF_PERCENTAGE=50", "includes = kinto.plugins.history\neos_message = a\n" +
			"history.auto_trim_user_ids = a\nhistory.auto_trim_threshold = 5", []string{
			"backoff_percentage has no effect: backoff is 0.",
			"eos_message has no effect: eos is not given.",
			"history.auto_trim_threshold has no effect: history.auto_trim_max_count must be more than 0 for entries to be forgotten.",
			"history.auto_trim_user_ids has no effect: history.auto_trim_max_count must be more than 0 for entries to be forgotten.",
		}},
		{"a history of nothing", "", "includes = kinto.plugins.history\nhistory.auto_trim_max_count = 0", []string{
			"history.auto_trim_max_count has no effect: history.auto_trim_max_count must be more than 0 for entries to be forgotten.",
		}},
		{"ids that are not generated", "KINTO_ID_GENERATOR=uuid4", "account_id_generator = names", []string{
			"account_id_generator: no effect, because the ids of accounts are names that people choose.",
			"id_generator has no effect: all resources have a generator of their own, such as record_id_generator.",
		}},
		{"permissions that nobody needs", "KINTO_BUCKET_DELETE_PRINCIPALS=a", "plural_permissions_get_enabled = false", []string{
			"plural_permissions_get_enabled in FILE is not a setting and has no effect.",
			"KINTO_BUCKET_DELETE_PRINCIPALS in the environment is not a setting and has no effect; did you mean KINTO_BUCKET_CREATE_PRINCIPALS?",
		}},
		{"a misspelt option of S3", "", "includes = kinto_attachment\nattachment.aws.bucketname = a", []string{
			"attachment.aws.bucketname in FILE is not a setting and has no effect; did you mean attachment.aws.bucket_name?",
		}},
		{"S3, and a folder that comes before it", "", "includes = kinto_attachment\nattachment.base_path = /srv\nattachment.aws.bucket_name = a", []string{
			"attachment.aws.bucket_name has no effect: attachment.base_path is given.",
		}},
		{"how long S3 may take", "", "includes = kinto_attachment\nattachment.aws.timeout = 5\nattachment.aws.num_retries = 1", []string{
			"attachment.aws.num_retries, attachment.aws.timeout: no effect, because requests to S3 are timed and repeated by other means.",
		}},
		{"obsolete in silence", "", "flush_endpoint_enabled = false\ntm.annotate_user = true\ntransaction_per_request = true\n" +
			"profiler_enabled = false\nmultiauth.groupfinder = kinto.core.authorization.groupfinder\n" +
			"multiauth.authorization_policy = kinto.authorization.AuthorizationPolicy\nset debug = false", nil},
		{"an obsolete group", "", "sentry_dsn = https://hush@h/1\nsentry_env = prod", []string{
			"sentry_dsn, sentry_env: no effect, because Sentry is not built in; errors are in the log of " +
				"the program.",
		}},
		{"an obsolete variable", "KINTO_STORAGE_POOL_SIZE=5", "", []string{
			"KINTO_STORAGE_POOL_SIZE: no effect, because connections are pooled by other means; parameters of storage_url such as " +
				"pool_max_conns set them up.",
		}},
		{"pools", "", "cache_pool_recycle = 1\nstorage_poolclass = x", []string{
			"cache_pool_recycle, storage_poolclass: no effect, because connections are pooled by other means; parameters of " +
				"storage_url such as pool_max_conns set them up.",
		}},
		{"logs in JSON", "", "[formatter_json]\nclass = kinto.core.JsonLogFormatter", []string{
			"[formatter_json] has no effect: log_format = json writes the log as JSON.",
		}},
		{"logs in JSON, as here", "", "log_format = json\n[formatter_json]\nclass = kinto.core.JsonLogFormatter", nil},
		{"Python code", "", "logging_renderer = x\ninitialization_sequence = y", []string{
			"initialization_sequence: no effect, because the start is not a sequence of Python functions.",
			"logging_renderer: no effect, because Python code is not loaded; log_format and log_level say how to log.",
		}},
		{"what cannot be otherwise", "", "transaction_per_request = false\nprofiler_enabled = true", []string{
			"transaction_per_request has no effect: every request is carried out whole or not at all.",
			"profiler_enabled has no effect: there is no profiler for single requests.",
		}},
		{"flush without the plug-in", "", "flush_endpoint_enabled = true", []string{
			"flush_endpoint_enabled has no effect: add kinto.plugins.flush to includes.",
		}},
		{"flush with it", "", "flush_endpoint_enabled = true\nincludes = kinto.plugins.flush", nil},
		{"memory", "", "storage_backend = kinto.core.storage.memory\npermission_backend = kinto.core.permission.memory", nil},
		{"memory, and SQLite", "KINTO_STORAGE_BACKEND=memory", "read_model = sqlite", nil},
		{"memory, and PostgreSQL", "", "storage_backend = memory\nread_model = postgresql\nstorage_url = postgresql://u:hush@h/d", []string{
			"storage_backend has no effect: read_model is postgresql.",
		}},
		{"memory, and servers", "", "storage_backend = memory\nnats_url = nats://h", []string{
			"storage_backend has no effect: the servers of nats_url keep the log.",
		}},
		{"PostgreSQL throughout", "", postgres + "permission_backend = kinto.core.permission.postgresql\n" +
			"permission_url = postgresql://u:hush@h/d\ncache_backend = kinto.core.cache.postgresql\ncache_url = postgresql://u:hush@h/d", nil},
		{"PostgreSQL in several places", "", postgres + "permission_url = postgresql://u:hush@h/other", []string{
			"permission_url has no effect: permissions are kept with the objects.",
		}},
		{"permissions elsewhere", "", "permission_backend = kinto.core.permission.postgresql", []string{
			"permission_backend has no effect: permissions are kept with the objects, in sqlite.",
		}},
		{"memcached", "", "cache_backend = kinto.core.cache.memcached\ncache_hosts = 127.0.0.1:11211", []string{
			"cache_backend names kinto.core.cache.memcached, which is not used: what processes share is kept beside the event log.",
			"cache_hosts: no effect, because memcached is not used.",
		}},
		{"a cache elsewhere", "", "cache_url = redis://h/1", []string{"cache_url has no effect: the cache is in the memory of the process."}},
		{"a database that is not used", "", "storage_url = postgresql://u:hush@h/d", []string{
			"storage_url has no effect: without storage_backend = kinto.core.storage.postgresql the read model is the embedded SQLite.",
		}},
		{"a database that read_model does not use", "", postgres + "read_model = sqlite", []string{
			"storage_url has no effect: read_model is sqlite.",
		}},
		{"no secret", "", "multiauth.policies = basicauth", []string{
			"userid_hmac_secret is empty: whoever knows a user's id can test passwords against it; give a long random text.",
		}},
		{"a secret", "", "multiauth.policies = basicauth\nuserid_hmac_secret = hush", nil},
		{"fast and loose", "", "log_sync = interval", []string{
			"log_sync is interval: changes that were acknowledged are lost when the power fails.",
		}},
		{"off as ever", "", "experimental_permissions_endpoint = false\nevent_listeners =", nil},
	} {
		path := file(t, c.lines)
		_, warnings, err := config.Load(path, []string{c.env})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, w := range warnings {
			got = append(got, strings.ReplaceAll(w.String(), path, "FILE"))
			if w.Setting == "" {
				t.Errorf("%s: %q is about no setting", c.name, w)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("warnings of %s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestLoadKnowsResourcesOfOthers(t *testing.T) {
	t.Parallel()
	path := file(t, "book_create_principals = a", "book_cache_expires_seconds = 1", "book_id_generator = uuid4", "plural_book_get_enabled = false")
	s, warnings, err := config.Load(path, []string{"KINTO_BOOK_CREATE_PRINCIPALS=b"}, "book")
	if err != nil || len(warnings) != 0 {
		t.Fatalf("got %v and %v, want no error and no warnings", err, warnings)
	}
	if got := s.Resources.Grants["book_create"]; len(got) != 1 || got[0] != "b" {
		t.Errorf("book_create_principals: got %q, want b", got)
	}
}

// Configurations as people have them load, and every warning is one that they need. What this version
// does not do yet is left out, because that shrinks.
func TestLoadReadsRealConfigurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		want []string
		test func(*config.Settings) bool
	}{
		{"init-postgresql", nil, func(s *config.Settings) bool {
			return s.Storage.URL == "postgres://postgres:postgres@localhost/postgres" && s.Storage.ReadModel == config.PostgreSQL &&
				s.Storage.Cache.Backend == config.Shared && s.Server == (config.Server{Host: "127.0.0.1", Port: 8888}) &&
				len(s.Plugins.Includes) == 3 && s.Resources.Grants["bucket_create"][0] == "account:admin"
		}},
		{"init-memory", nil, func(s *config.Settings) bool {
			return s.Storage.Volatile && s.Storage.ReadModel == config.SQLite && s.Storage.Cache.Backend == config.Memory
		}},
		{"suite-kinto", []string{"default_bucket_hmac_secret"}, func(s *config.Settings) bool {
			return s.Storage.URL == "postgres://postgres:postgres@localhost/testdb" && len(s.Plugins.Includes) == 5 && s.Server.Host == "0.0.0.0"
		}},
		{"suite-js", []string{"default_bucket_hmac_secret"}, func(s *config.Settings) bool {
			return s.Limits.PaginateBy == 10 && s.Auth.Policies[0].Kind == config.Accounts && s.Auth.Policies[1].Kind == config.BasicAuth &&
				s.Resources.PermissionsEndpoint && !s.Plugins.Attachments.For("blog", "articles").Randomize &&
				s.Plugins.Attachments.BaseURL == "http://localhost:8000/"
		}},
		{"suite-py", nil, func(s *config.Settings) bool {
			return s.Limits.PaginateBy == 5 && s.Resources.Grants["account_write"][0] == "account:user" &&
				strings.HasSuffix(s.Plugins.Attachments.BasePath, "/testdata/files")
		}},
	} {
		s, warnings, err := config.Load("testdata/"+c.name+".ini", nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, w := range warnings {
			if !strings.Contains(w.Text, "not supported by this version yet") {
				got = append(got, w.Setting)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: settings warned of (-want +got):\n%s", c.name, diff)
		}
		if !c.test(s) {
			t.Errorf("%s: got %+v", c.name, s)
		}
	}
}

// The suites of kinto.js change a running configuration by the environment (protocol 9.1).
func TestLoadReadsTheVariablesOfTheSuites(t *testing.T) {
	t.Parallel()
	s, _, err := config.Load("testdata/suite-js.ini", []string{
		"KINTO_PAGINATE_BY=1", "KINTO_BACKOFF=10", `KINTO_EOS="2030-01-01"`, "KINTO_EOS_URL=http://www.perdu.com", "KINTO_EOS_MESSAGE=Boom",
	})
	if err != nil {
		t.Fatal(err)
	}
	e := s.HTTP.EndOfService
	if s.Limits.PaginateBy != 1 || s.HTTP.Backoff.Seconds() != 10 || e.Text != "2030-01-01" || e.URL != "http://www.perdu.com" || e.Message != "Boom" {
		t.Errorf("got %+v", s)
	}
}
