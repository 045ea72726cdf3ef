package config_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kintolog/kintolog/config"
)

// everything gives each setting a value that is not its default.
var everything = []string{
	"project_name = p", "project_version = 1.0", "project_docs = d", "http_api_version = 2.5",
	"version_json_path = v", "error_info_link = e",
	"readonly = yes", "http_scheme = https", "http_host = h:1", "retry_after_seconds = 4", "backoff = 5",
	"backoff_percentage = 6", "heartbeat_timeout_seconds = 0.5", "root_cache_expires_seconds = 7",
	"version_prefix_redirect_enabled = false", "version_prefix_redirect_ttl_seconds = 8",
	"trailing_slash_redirect_enabled = 0", "trailing_slash_redirect_ttl_seconds = -1",
	"cors_origins = a b", "cors_max_age_seconds = ", `eos = "2030-01-31"`, "eos_message = m", "eos_url = u",
	"batch_max_requests = ", "batch_strict = true", "paginate_by = 10.0", "storage_max_fetch_size = 20", "max_page_bytes = 25", "pagination_token_validity_seconds = 30",
	"max_waiting_writes = 10", "max_subscribers = 26", "max_replay_seconds = 27", "max_url_bytes = 11", "max_headers = 12", "max_header_bytes = 13", "max_batch_bytes = 14",
	"body_timeout_seconds = 15", "send_timeout_seconds = 16", "max_id_bytes = 40", "max_json_keys = 17",
	"max_idempotency_key_bytes = 18", "max_repeatable_bytes = 19", "max_query_values = 20", "max_sort_fields = 21",
	"max_fields = 22", "max_field_depth = 23", "max_body_bytes = 1", "max_json_depth = 2", "max_query_bytes = 3", "max_query_filters = 4", "answer_timeout_ms = 5", "read_timeout_seconds = 24",
	"max_lag = 6", "max_lag_bytes = 28", "max_patch_operations = 7", "max_principals = 8", "max_principal_bytes = 9",
	"id_generator = kinto.core.storage.generators.UUID4", "bucket_id_generator = kinto.views.RelaxedUUID",
	"record_id_generator = kinto.views.NameGenerator",
	"experimental_collection_schema_validation = on", "experimental_permissions_endpoint = True", "explicit_permissions = f",
	"bucket_create_principals =", "user-data_delete_principals = a,\n  b", "plural_bucket_get_enabled = false",
	"object_record_put_enabled = false", "group_cache_expires_seconds = 1", "blog.record_cache_expires_seconds = 2",
	"blog.Posts.record_cache_expires_seconds = 3",
	"userid_hmac_secret = hush1", "multiauth.policies = Account Google", "multiauth.policy.Account.use = kinto.plugins.accounts.AccountsPolicy",
	"multiauth.policy.Google.use = kinto.plugins.openid.OpenIDConnectPolicy", "multiauth.policy.Google.issuer = https://i/",
	"multiauth.policy.Google.client_id = c", "multiauth.policy.Google.client_secret = hush2", "multiauth.policy.Google.audience = a",
	"multiauth.policy.Google.header_type = Bearer+OIDC", "multiauth.policy.Google.userid_field = email", "multiauth.policy.Google.realm = R",
	"multiauth.policy.Google.verification_ttl_seconds = 1", "multiauth.policy.Google.state_ttl_seconds = 2",
	"multiauth.policy.Google.state_length = 16", "multiauth.policy.Google.callback_origins = https://a, http://b:1", "account_cache_ttl_seconds = 60",
	"includes = kinto.plugins.openid\n  kinto.plugins.accounts", "default_bucket_hmac_secret = hush3", "admin_assets_path = aa",
	"history.exclude_resources = /buckets/a", "history.exclude_user_ids = u", "history.auto_trim_max_count = 1",
	"history.auto_trim_user_ids = v", "history.auto_trim_threshold = 2",
	"attachment.base_path = bp", "attachment.base_url = https://bu", "attachment.extra.base_url = xu", "attachment.folder = f",
	"attachment.keep_old_files = true", "attachment.randomize = false", "attachment.filename_pattern = {rid}-{filename}",
	"attachment.extensions = default+video", "attachment.mimetypes = .a:b/c;.d:e/f", "attachment.max_size_bytes = 9",
	"attachment.gcloud.credentials = hush4", "attachment.aws.secret_key = hush5", "attachment.resources.blog.keep_old_files = false", "attachment.resources.blog.Posts.randomize = true",
	"event_listeners = hook", "event_listeners.hook.use = webhook", "event_listeners.hook.actions = read, create",
	"event_listeners.hook.resources = record", "event_listeners.hook.url = https://u:hush5@h/",
	"metrics_matchdict_fields = bucket_id", "prometheus_prefix = x", "disabled_metrics = c", "prometheus_disabled_metrics = a b",
	"prometheus_created_metrics_enabled = false", "prometheus_histogram_buckets = 1 Inf", "statsd_url = udp://h:1", "statsd_prefix = y",
	"data_dir = dd", "storage_backend = kinto.core.storage.postgresql", "storage_url = postgresql+psycopg://u:hush6@h/d?sslmode=require",
	"cache_backend = kinto.core.cache.postgresql", "cache_prefix = cp", "cache_max_size_bytes = 1",
	"nats_url = nats://hush7@a:4222, b:4222", "nats_stream = st", "nats_replicas = 3", "nats_monitor_urls = http://a:8222",
	"nats_user = nu", "nats_password = hush8", "log_sync = interval", "log_format = json", "log_level = debug",
	"http_port = 9999",
}

func wanted() *config.Settings {
	policy := config.Policy{Realm: "Realm", HeaderType: "Bearer", UserIDField: "sub", VerificationTTL: 24 * time.Hour, StateTTL: time.Hour, StateLength: 32}
	account := policy
	account.Setting, account.Name, account.Kind = "Account", "account", config.Accounts
	return &config.Settings{
		Server:  config.Server{Host: "127.0.0.1", Port: 9999},
		Project: config.Project{Name: "p", Version: "1.0", Docs: "d", APIVersion: "2.5", VersionFile: "v", ErrorLink: "e"},
		HTTP: config.HTTP{
			ReadOnly: true, Scheme: "https", Host: "h:1", RetryAfter: 4 * time.Second, Backoff: 5 * time.Second, BackoffPercentage: 6,
			HeartbeatTimeout: time.Second / 2, RootCacheExpires: 7 * time.Second, VersionRedirectTTL: 8 * time.Second, SlashRedirectTTL: -time.Second,
			CORS: config.CORS{Origins: []string{"a", "b"}, MaxAge: -time.Second},
			EndOfService: config.EndOfService{
				At: time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC), Text: "2030-01-31", Message: "m", URL: "u",
			},
		},
		Limits: config.Limits{
			MaxWaitingWrites: 10, MaxSubscribers: 26, MaxReplay: 27 * time.Second, MaxURLBytes: 11, MaxHeaders: 12, MaxHeaderBytes: 13, MaxBatchBytes: 14,
			BodyTimeout: 15 * time.Second, SendTimeout: 16 * time.Second, MaxIDBytes: 40, MaxJSONKeys: 17,
			MaxIdempotencyKeyBytes: 18, MaxRepeatableBytes: 19, MaxQueryValues: 20, MaxSortFields: 21, MaxFields: 22, MaxFieldDepth: 23,
			BatchStrict: true, PaginateBy: 10, MaxFetchSize: 20, MaxPageBytes: 25, TokenValidity: 30 * time.Second, MaxBodyBytes: 1, MaxJSONDepth: 2, MaxQueryBytes: 3,
			MaxQueryFilters: 4, AnswerTimeout: 5 * time.Millisecond, ReadTimeout: 24 * time.Second, MaxLag: 6, MaxLagBytes: 28, MaxPatchOperations: 7, MaxPrincipals: 8, MaxPrincipalBytes: 9,
		},
		Resources: config.Resources{
			IDGenerator: config.UUID4,
			IDGenerators: map[string]config.IDGenerator{
				"bucket": config.RelaxedUUID, "group": config.Names, "collection": config.Names, "record": config.Names,
			},
			SchemaValidation: true, PermissionsEndpoint: true,
			Grants: map[string][]string{
				"bucket_create": nil, "permissions_read": {"system.Everyone"}, "user-data_delete": {"a", "b"},
			},
			Methods: map[string]bool{"plural_bucket_get_enabled": false, "object_record_put_enabled": false},
			CacheExpires: map[string]time.Duration{
				"group_cache_expires_seconds": time.Second, "blog.record_cache_expires_seconds": 2 * time.Second,
				"blog.Posts.record_cache_expires_seconds": 3 * time.Second,
			},
		},
		Auth: config.Auth{
			UserIDSecret: "hush1", AccountCacheTTL: time.Minute,
			Policies: []config.Policy{account, {
				Setting: "Google", Name: "google", Kind: config.OpenID, Realm: "R", Issuer: "https://i/", ClientID: "c", ClientSecret: "hush2",
				Audience: "a", HeaderType: "Bearer+OIDC", UserIDField: "email", VerificationTTL: time.Second, StateTTL: 2 * time.Second, StateLength: 16,
				CallbackOrigins: []string{"https://a", "http://b:1"},
			}},
		},
		Plugins: config.Plugins{
			Includes: []config.Plugin{config.PluginOpenID, config.PluginAccounts}, DefaultBucketSecret: "hush3", AdminAssets: "aa",
			History: config.History{
				ExcludeResources: []string{"/buckets/a"}, ExcludeUserIDs: []string{"u"}, TrimMaxCount: 1, TrimUserIDs: []string{"v"}, TrimThreshold: 2,
			},
			Attachments: config.Attachments{
				BasePath: "bp", BaseURL: "https://bu", Extra: map[string]string{"base_url": "xu"}, Folder: "f", Extensions: []string{"default", "video"},
				MimeTypes: map[string]string{".a": "b/c", ".d": "e/f"}, AWS: map[string]config.Secret{"secret_key": "hush5"}, Cloud: map[string]config.Secret{"credentials": "hush4"},
				Rules: config.AttachmentRules{KeepOldFiles: true, FilenamePattern: "{rid}-{filename}", MaxSizeBytes: 9},
				Resources: map[string]map[string]string{
					"blog": {"keep_old_files": "false"}, "blog.Posts": {"randomize": "true"},
				},
			},
		},
		Listeners: []config.Listener{{
			Name: "hook", Use: "webhook", Actions: []string{"read", "create"}, Resources: []string{"record"},
			Options: map[string]config.Secret{"url": "https://u:hush5@h/"},
		}},
		Metrics: config.Metrics{
			MatchdictFields: []string{"bucket_id"}, Prefix: "x", Disabled: []string{"a", "b"},
			HistogramBuckets: []float64{1}, StatsdURL: "udp://h:1", StatsdPrefix: "y",
		},
		Storage: config.Storage{
			DataDir: "dd", ReadModel: config.PostgreSQL, URL: "postgres://u:hush6@h/d?sslmode=require",
			Cache: config.Cache{Backend: config.Shared, Prefix: "cp", MaxBytes: 1},
		},
		EventLog: config.EventLog{
			URLs: []config.URL{"nats://hush7@a:4222", "nats://b:4222"}, Stream: "st", Replicas: 3, MonitorURLs: []config.URL{"http://a:8222"},
			User: "nu", Password: "hush8", Sync: config.SyncInterval,
		},
		Logging: config.Logging{Format: "json", Level: "debug"},
	}
}

func TestLoadReadsEverySetting(t *testing.T) {
	t.Parallel()
	s, _ := load(t, nil, everything...)
	want := wanted()
	want.File = s.File
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(config.Settings{}), revealed()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// revealed compares and shows secrets as what they are.
func revealed() cmp.Option {
	return cmp.Options{
		cmp.Transformer("Secret", config.Secret.Reveal),
		cmp.Transformer("URL", config.URL.Reveal),
	}
}

// The other way round: with the list above in the environment, nothing but the names of listeners
// and policies need be in the file.
func TestLoadReadsEverySettingFromTheEnvironment(t *testing.T) {
	t.Parallel()
	var env []string
	for _, line := range everything {
		name, value, _ := strings.Cut(line, "=")
		name = strings.NewReplacer(".", "_", "-", "_").Replace(strings.TrimSpace(name))
		env = append(env, "KINTO_"+strings.ToUpper(name)+"="+strings.TrimSpace(value))
	}
	// What names objects that only the file can name.
	lines := []string{
		"blog.record_cache_expires_seconds = 0", "blog.Posts.record_cache_expires_seconds = 0",
		"attachment.extra.base_url =", "attachment.gcloud.credentials =", "attachment.aws.secret_key =",
		"attachment.resources.blog.keep_old_files = true", "attachment.resources.blog.Posts.randomize = false",
	}
	s, warnings := load(t, env, lines...)
	want := wanted()
	want.File = s.File
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(config.Settings{}), revealed()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	for _, w := range warnings {
		if strings.Contains(w.Text, "is not a setting") {
			t.Errorf("got %q, want no such warning", w)
		}
	}
}

func TestEverythingIsEverything(t *testing.T) {
	t.Parallel()
	s, _ := load(t, nil, everything...)
	same := unchanged(reflect.ValueOf(*config.Defaults()), reflect.ValueOf(*s), "")
	want := []string{
		".Newcomer", ".Server.Host", ".Storage.Volatile", ".EventLog.Listen", ".EventLog.Credentials",
	}
	if diff := cmp.Diff(want, same); diff != "" {
		t.Errorf("fields that no line of the test above sets (-want +got):\n%s", diff)
	}
}

// unchanged lists the fields that are the same in two structs.
func unchanged(a, b reflect.Value, path string) []string {
	if a.Kind() != reflect.Struct || a.Type() == reflect.TypeFor[time.Time]() {
		if reflect.DeepEqual(a.Interface(), b.Interface()) {
			return []string{path}
		}
		return nil
	}
	var same []string
	for i := range a.NumField() {
		if field := a.Type().Field(i); field.IsExported() {
			same = append(same, unchanged(a.Field(i), b.Field(i), path+"."+field.Name)...)
		}
	}
	return same
}

func TestResourcesAnswerForEachEndpoint(t *testing.T) {
	t.Parallel()
	s, _ := load(t, nil, "plural_bucket_delete_enabled = false", "object_bucket_get_enabled = true")
	r := s.Resources
	enabled := []bool{r.Enabled(true, "bucket", "DELETE"), r.Enabled(false, "bucket", "DELETE"), r.Enabled(false, "bucket", "GET")}
	if want := []bool{false, true, true}; !slices.Equal(enabled, want) {
		t.Errorf("enabled: got %v, want %v", enabled, want)
	}
}

func TestAttachmentsHaveTheRulesNearestToTheCollection(t *testing.T) {
	t.Parallel()
	s, _ := load(t, nil,
		"attachment.max_size_bytes = 1", "attachment.resources.b.max_size_bytes = 2", "attachment.resources.b.randomize = false",
		"attachment.resources.b.c.max_size_bytes = 3",
	)
	for path, want := range map[string]config.AttachmentRules{
		"b/c": {MaxSizeBytes: 3},
		"b/d": {MaxSizeBytes: 2},
		"x/c": {MaxSizeBytes: 1, Randomize: true},
	} {
		bucket, collection, _ := strings.Cut(path, "/")
		if got := s.Plugins.Attachments.For(bucket, collection); got != want {
			t.Errorf("rules of %s: got %+v, want %+v", path, got, want)
		}
	}
}

func TestPoliciesPrefixTheirUsers(t *testing.T) {
	t.Parallel()
	s, _ := load(t, nil, "multiauth.policies = Mine basicauth", "multiauth.policy.Mine.use = kinto.plugins.accounts.AccountsPolicy")
	got := []string{s.Auth.Policies[0].Prefix(), s.Auth.Policies[1].Prefix(), s.Project.Prefix()}
	if want := []string{"account", "basicauth", "v1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestComponentsHaveTheirNamesInPython(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"storage_backend = kinto.core.storage.memory":                                     "sqlite memory true",
		"storage_backend = memory":                                                        "sqlite memory true",
		"storage_backend = sqlite":                                                        "sqlite memory false",
		"storage_backend = memory\nread_model = sqlite":                                   "sqlite memory true",
		"storage_backend = memory\nread_model = postgresql\nstorage_url = postgres://h/d": "postgresql memory false",
		"storage_backend = memory\nnats_url = nats://h":                                   "sqlite memory false",
		"storage_backend = memory\nnats_url =":                                            "sqlite memory true",
		"read_model = sqlite":                                                             "sqlite memory false",
		"cache_backend = kinto.core.cache.memcached":                                      "sqlite shared false",
		"cache_backend = kinto_redis.cache":                                               "sqlite shared false",
		"cache_backend = kinto.core.cache.memory":                                         "sqlite memory false",
		"storage_backend = postgresql\nstorage_url = postgres://h/d":                      "postgresql memory false",
		"storage_backend = postgresql\nstorage_url = postgres://h/d\nread_model = sqlite": "sqlite memory false",
	} {
		s, _ := load(t, nil, line)
		if got := fmt.Sprint(s.Storage.ReadModel, " ", s.Storage.Cache.Backend, " ", s.Storage.Volatile); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

func TestPublicTellsWhatWasGivenAndWhere(t *testing.T) {
	t.Parallel()
	s, _ := load(t, []string{"KINTO_PAGINATE_BY=7"}, "paginate_by = 5", "includes =\n  kinto.plugins.flush\n  kinto.plugins.counters",
		"storage_url = postgresql://u:hush@h/d", "userid_hmac_secret = hush")
	want := []string{
		"includes = kinto.plugins.flush kinto.plugins.counters (" + s.File + ")",
		"paginate_by = 7 (KINTO_PAGINATE_BY)",
		"storage_url = postgres://u:***@h/d (" + s.File + ")",
		"userid_hmac_secret = [hidden] (" + s.File + ")",
	}
	if diff := cmp.Diff(want, s.Public()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
