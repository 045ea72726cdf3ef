package config_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kintolog/kintolog/config"
)

// file writes a configuration file of which lines are the section [app:main].
func file(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kinto.ini")
	content := "[app:main]\nuse = egg:kinto\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads a file of these lines, which must be right.
func load(t *testing.T, env []string, lines ...string) (*config.Settings, []config.Warning) {
	t.Helper()
	s, warnings, err := config.Load(file(t, lines...), env)
	if err != nil {
		t.Fatalf("load %q with %q: %v", lines, env, err)
	}
	return s, warnings
}

func TestLoadPrefersTheEnvironmentThenTheFileThenDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env   []string
		lines []string
		want  int
	}{
		{nil, nil, 0},
		{nil, []string{"paginate_by = 1"}, 1},
		{nil, []string{"kinto.paginate_by = 1"}, 1},
		{nil, []string{"kinto.paginate_by = 1", "paginate_by = 1"}, 1},
		{nil, []string{`paginate_by: "1"`}, 1},
		{nil, []string{"settings_prefix = mine", "mine.paginate_by = 1"}, 1},
		{nil, []string{"kinto.settings_prefix = mine", "mine.paginate_by = 1"}, 1},
		{[]string{"PAGINATE_BY=2"}, []string{"paginate_by = 1"}, 2},
		{[]string{"PAGINATE_BY="}, []string{"paginate_by = 1"}, 1},
		{[]string{"KINTO_PAGINATE_BY=3", "PAGINATE_BY=2"}, []string{"paginate_by = 1"}, 3},
		{[]string{"KINTO_PAGINATE_BY=", "PAGINATE_BY=2"}, []string{"paginate_by = 1"}, 0},
		{[]string{"KINTO_PAGINATE_BY=null"}, []string{"paginate_by = 1"}, 0},
		{[]string{`KINTO_PAGINATE_BY="3"`}, nil, 3},
		{[]string{"paginate_by=3", "KINTO_PAGINATE_BY"}, nil, 0},
		{[]string{"MY_OWN_PAGINATE_BY=3", "PAGINATE_BY=2"}, []string{"settings_prefix = my-own", "my-own.paginate_by = 1"}, 3},
		{[]string{"PAGINATE_BY=2", "KINTO_PAGINATE_BY=4"}, []string{"settings_prefix = mine", "mine.paginate_by = 1"}, 2},
	} {
		s, _ := load(t, c.env, c.lines...)
		if got := s.Limits.PaginateBy; got != c.want {
			t.Errorf("paginate_by of %q and %q: got %d, want %d", c.env, c.lines, got, c.want)
		}
	}
}

func TestLoadFindsTheAddressToListenOn(t *testing.T) {
	t.Parallel()
	const usual = "[server:main]\nhost = 0.0.0.0\nport = %(http_port)s\n"
	for _, c := range []struct {
		env     []string
		content string
		want    config.Server
	}{
		{nil, "[app:main]\n", config.Server{Host: "127.0.0.1", Port: 8888}},
		{nil, usual + "[app:main]\n", config.Server{Host: "0.0.0.0", Port: 8888}},
		{nil, usual + "[app:main]\nhttp_port = 80\n", config.Server{Host: "0.0.0.0", Port: 80}},
		{nil, "[DEFAULT]\nhttp_port = 81\n" + usual + "[app:main]\n", config.Server{Host: "0.0.0.0", Port: 81}},
		{nil, "[server:main]\nport = 82\n[app:main]\nhttp_port = 80\n", config.Server{Host: "127.0.0.1", Port: 82}},
		{[]string{"PORT=83", "HOST=laptop"}, usual + "[app:main]\n", config.Server{Host: "0.0.0.0", Port: 83}},
		{[]string{"HTTP_PORT=84"}, usual + "[app:main]\n", config.Server{Host: "0.0.0.0", Port: 84}},
		{[]string{"PORT=83", "KINTO_PORT=85", "KINTO_HOST=::1"}, usual + "[app:main]\n", config.Server{Host: "::1", Port: 85}},
		{[]string{"KINTO_PORT=tcp://10.0.0.1:80", "KINTO_SERVICE_HOST=10.0.0.1"}, "[app:main]\n", config.Server{Host: "127.0.0.1", Port: 8888}},
	} {
		path := filepath.Join(t.TempDir(), "kinto.ini")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		s, warnings, err := config.Load(path, c.env)
		if err != nil {
			t.Errorf("load %q with %q: got %v, want nil", c.content, c.env, err)
			continue
		}
		if s.Server != c.want || len(warnings) != 0 {
			t.Errorf("load %q with %q: got %v and %v, want %v", c.content, c.env, s.Server, warnings, c.want)
		}
	}
}

func TestFileNameIsThatOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{"KINTO_INI=/etc/k.ini": "/etc/k.ini", "KINTO_INI=": config.DefaultFile, "A=b": config.DefaultFile} {
		if got := config.FileName([]string{line}); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

// As an empty one is an answer, only one that is not there is that of the project.
func TestMetricsBeginWithTheProjectUnlessThePrefixIsGiven(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"project_name = shop": "shop", "project_name = shop\nprometheus_prefix =": "", "project_name = shop\nprometheus_prefix = p": "p",
	} {
		s, _, err := config.Load(file(t, lines), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Metrics.Prefix; got != want {
			t.Errorf("%q: got the prefix %q, want %q", lines, got, want)
		}
	}
}

func TestLoadReadsAFileAsPythonDoes(t *testing.T) {
	t.Parallel()
	path := file(t,
		"project_name = my kinto ; not # a comment",
		"data_dir = %(here)s/data%%20",
		"http_host = %(project_host)s:1%",
		"project_host = example.org",
		"cors_origins =",
		"    https://a.example",
		"  # https://b.example",
		"",
		"# https://d.example",
		"    https://c.example",
		`project_docs = "quoted"`,
		"project_version: a=b",
		"   ",
		"  c",
		"  ; no",
		"",
		"    d",
	)
	s, warnings, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{s.Project.Name, s.Storage.DataDir, s.HTTP.Host, s.Project.Docs, s.Project.Version}
	want := []string{"my kinto ; not # a comment", filepath.Dir(path) + "/data%20", "example.org:1%", "quoted", "a=b\nc\nd"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://a.example", "https://c.example"}, s.HTTP.CORS.Origins); diff != "" {
		t.Errorf("cors_origins (-want +got):\n%s", diff)
	}
	if len(warnings) != 1 || warnings[0].Setting != "project_host" {
		t.Errorf("got warnings %v, want one, about project_host", warnings)
	}
}

func TestLoadReadsLinesThatAreAllIndented(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kinto.ini")
	content := "\ufeff  [DEFAULT]\r\n  names = a\r\n\t\t\tb\r\n" +
		"  [app:main]\r\n  project_name = %(names)s\r\n\t\t\tc\r\n  paginate_by = 5\r\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Project.Name != "a\nb\nc" || s.Limits.PaginateBy != 5 {
		t.Errorf("got %q and %d, want a, b, c and 5", s.Project.Name, s.Limits.PaginateBy)
	}
}

func TestListenersHearOfChangesIfNothingIsSaid(t *testing.T) {
	t.Parallel()
	const hook = "event_listeners = hook\nevent_listeners.hook.use = webhook"
	for _, lines := range []string{hook, hook + "\nevent_listeners.hook.actions ="} {
		s, _ := load(t, nil, lines)
		if got, want := s.Listeners[0].Actions, []string{"create", "update", "delete"}; !slices.Equal(got, want) {
			t.Errorf("%s: got actions %q, want %q", lines, got, want)
		}
	}
}

func TestVariablesAreThoseOfTheListenerTheyName(t *testing.T) {
	t.Parallel()
	s, _ := load(t, []string{"KINTO_EVENT_LISTENERS_HOOK_URL=a", "KINTO_EVENT_LISTENERS_HOOK_TWO_URL=b", "KINTO_EVENT_LISTENERS_HOOK_TWO_ACTIONS=read"},
		"event_listeners = hook hook-two", "event_listeners.hook.use = webhook", "event_listeners.hook-two.use = webhook")
	for i, url := range []string{"a", "b"} {
		if options := s.Listeners[i].Options; len(options) != 1 || options["url"].Reveal() != url {
			t.Errorf("%s: got options %q, want the URL %s", s.Listeners[i].Name, slices.Collect(maps.Keys(options)), url)
		}
	}
	if got := s.Listeners[1].Actions; !slices.Equal(got, []string{"read"}) {
		t.Errorf("got actions %q, want read", got)
	}
}

func TestListsAreSeparatedByBlanksCommasOrLines(t *testing.T) {
	t.Parallel()
	for _, separator := range []string{" ", ",", ", ", "\n\t", ",\n\t"} {
		list := func(items ...string) string { return strings.Join(items, separator) }
		s, _ := load(t, nil,
			"includes = "+list("kinto.plugins.history", "kinto.plugins.flush"),
			"multiauth.policies = "+list("a", "b"), "multiauth.policy.a.use = basicauth", "multiauth.policy.b.use = basicauth",
			"cors_origins = "+list("a", "b"), "history.exclude_user_ids = "+list("a", "b"), "bucket_write_principals = "+list("a", "b"),
			"event_listeners = hook", "event_listeners.hook.use = webhook", "event_listeners.hook.resources = "+list("a", "b"),
			"prometheus_histogram_buckets = "+list("1", "2"),
		)
		got := [][]string{
			s.HTTP.CORS.Origins, s.Plugins.History.ExcludeUserIDs, s.Resources.Grants["bucket_write"], s.Listeners[0].Resources,
		}
		for _, items := range got {
			if !slices.Equal(items, []string{"a", "b"}) {
				t.Errorf("got %q separated by %q, want a and b", items, separator)
			}
		}
		if len(s.Plugins.Includes) != 2 || len(s.Auth.Policies) != 2 || len(s.Metrics.HistogramBuckets) != 2 {
			t.Errorf("got %q, %v and %v separated by %q, want two of each",
				s.Plugins.Includes, s.Auth.Policies, s.Metrics.HistogramBuckets, separator)
		}
	}
}

func TestLoadReadsLongLists(t *testing.T) {
	t.Parallel()
	lines, want := []string{"cors_origins ="}, []string(nil)
	for i := range 300 {
		origin := fmt.Sprintf("https://host%d.example.org", i)
		lines, want = append(lines, "    "+origin), append(want, origin)
	}
	s, warnings := load(t, nil, append(lines, "paginate_by = 5")...)
	if diff := cmp.Diff(want, s.HTTP.CORS.Origins); diff != "" || len(warnings) > 0 || s.Limits.PaginateBy != 5 {
		t.Errorf("got paginate_by %d, warnings %v, and cors_origins (-want +got):\n%s", s.Limits.PaginateBy, warnings, diff)
	}
}

func TestLoadRefusesAFileThatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, want string }{
		{"paginate_by = 5\n", "has no section [app:main]"},
		{"[app:main]\n\nkinto.userid_hmac_secret hush\n", "line 3 has no ="},
		{"[app:main\n", "not one of sections"},
		{"[app:main]\npaginate_by = 5\nkinto.paginate_by = 6\n", "paginate_by and kinto.paginate_by have different values"},
		{"[app:main]\npaginate_by = 5\npaginate_by = 6\n", "paginate_by is given twice"},
		{"[app:main]\nuse = config:base.ini\n", "use in [app:main] names other settings"},
		{"[app:main]\nuse = base\n[app:base]\npaginate_by = 5\n", "use in [app:main] names other settings"},
		{"[app:main]\ndata_dir = %(there)s\n", "data_dir in [app:main] refers to %(there)s"},
		{"[app:main]\ndata_dir = %(data_dir)s\n", "defined nowhere, or by itself"},
	} {
		path := filepath.Join(t.TempDir(), "kinto.ini")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := config.Load(path, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("load %q: got %v, want an error with %q", c.content, err, c.want)
		}
	}
	if _, _, err := config.Load(filepath.Join(t.TempDir(), "none.ini"), nil); err == nil {
		t.Error("load a file that is not there: got nil, want an error")
	}
}

func TestLoadWithoutAFileIsForNewcomers(t *testing.T) {
	t.Parallel()
	s, warnings, err := config.Load("", []string{"KINTO_DATA_DIR=/srv/k", "KINTO_PAGINATE_BY=7", "PORT=80"})
	if err != nil || len(warnings) != 0 {
		t.Fatalf("got %v and %v, want no error and no warnings", err, warnings)
	}
	got := []any{s.Newcomer, s.Server, s.Storage.DataDir, s.Limits.PaginateBy, s.Auth.HasPolicy(config.BasicAuth)}
	want := []any{true, config.Server{Host: "127.0.0.1", Port: 80}, "/srv/k", 7, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestNewcomerCanStart(t *testing.T) {
	t.Parallel()
	s := config.Newcomer("here")
	if err := s.Validate(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	want := config.Policy{
		Setting: "basicauth", Name: "basicauth", Kind: config.BasicAuth, Realm: "Realm", HeaderType: "Bearer", UserIDField: "sub",
		VerificationTTL: 24 * time.Hour, StateTTL: time.Hour, StateLength: 32,
	}
	if diff := cmp.Diff([]config.Policy{want}, s.Auth.Policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	if got := s.Resources.Grants["bucket_create"]; !slices.Equal(got, []string{"system.Authenticated"}) {
		t.Errorf("bucket_create_principals: got %v", got)
	}
	if s.Server.Host != "127.0.0.1" || s.Server.Port != 8888 || s.Storage.DataDir != "here" {
		t.Errorf("got %v and %v", s.Server, s.Storage)
	}
	if err := config.Defaults().Validate(); err != nil {
		t.Errorf("defaults: got %v, want nil", err)
	}
}

func TestLoadRefusesAValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines string
		want  string
	}{
		{"paginate_by = many", "paginate_by (FILE) must be a whole number"},
		{"paginate_by = -1", "paginate_by (FILE) must be 0 or more"},
		{"paginate_by = 1.5", "must be a whole number"},
		{"storage_max_fetch_size = ", "must be a whole number"},
		{"readonly = maybe", "readonly (FILE) must be true or false"},
		{"backoff = soon", "must be a number"},
		{"backoff = -1", "must not be negative"},
		{"backoff = 1e300", "must be less than a century"},
		{"backoff = NaN", "must be a number"},
		{"backoff_percentage = 101", "must be between 0 and 100"},
		{"heartbeat_timeout_seconds = 0", "heartbeat_timeout_seconds must be more than 0"},
		{"read_timeout_seconds = 0", "read_timeout_seconds must be more than 0"},
		{"answer_timeout_ms = 0", "answer_timeout_ms must be more than 0"},
		{"eos = tomorrow", "eos (FILE) must be a date"},
		{"http_api_version = one", "http_api_version must be two numbers"},
		{"max_id_bytes = 8", "max_id_bytes (FILE) must be between 36 and 255"},
		{"max_json_depth = 201", "max_json_depth (FILE) must be between 1 and 200"},
		{"max_header_bytes = 0", "max_header_bytes (FILE) must be 1 or more"},
		{"body_timeout_seconds = 0", "body_timeout_seconds must be more than 0"},
		{"http_scheme = ftp", "http_scheme (FILE) must be http or https"},
		{"http_host = http://a/", "http_host must be a host name"},
		{"id_generator = my.Generator", `names "my.Generator", which is not known here: use kinto.views.NameGenerator`},
		{"record_id_generator = kinto.views.RelaxedUUIDs", "did you mean kinto.views.RelaxedUUID?"},
		{"record_cache_expires_seconds = x", "must be a number"},
		{"plural_bucket_get_enabled = x", "must be true or false"},
		{"includes = kinto.plugins.quotas", "removed"},
		{"multiauth.groupfinder = my.groups", "names Python code"},
		{"multiauth.authorization_policy = my.Policy", "names Python code"},
		{"includes = kinto_emailer", "Python packages cannot be loaded"},
		{"includes = kinto.plugins.flush kinto.plugins.flush", "twice"},
		{"multiauth.policies = ldap", "multiauth.policy.ldap.use must be given"},
		{"multiauth.policies = a A", "twice"},
		{"multiauth.policies = a\nmultiauth.policy.a.use = my.Policy", "multiauth.policy.a.use (FILE) names"},
		{"multiauth.policies = a\nmultiauth.policy.a.use = my.AccountsPolicy", "multiauth.policy.a.use (FILE) names"},
		{"multiauth.policies = o\nmultiauth.policy.o.use = kinto.plugins.openid.OpenIDConnectPolicy", "multiauth.policy.o.issuer must be"},
		{"multiauth.policies = o\nmultiauth.policy.o.use = openid\nmultiauth.policy.o.issuer = https://i", "multiauth.policy.o.client_id must be"},
		{"multiauth.policies = o\nmultiauth.policy.o.use = openid\nmultiauth.policy.o.state_length = 1", "between 8 and 256"},
		{
			"multiauth.policies = o\nmultiauth.policy.o.use = openid\nmultiauth.policy.o.callback_origins = https://a/b",
			`callback_origins must be as https://app.example.org, in small letters, with nothing after the host or port: "https://a/b"`,
		},
		{"multiauth.policies = o\nmultiauth.policy.o.use = openid\nmultiauth.policy.o.callback_origins = a.example.org", "callback_origins must be"},
		{"multiauth.policies = o\nmultiauth.policy.o.use = openid\nmultiauth.policy.o.callback_origins = https://A", "callback_origins must be"},
		{"multiauth.policies = a/b\nmultiauth.policy.a/b.use = openid\nmultiauth.policy.a/b.issuer = https://i\n" +
			"multiauth.policy.a/b.client_id = c", "must consist of letters, digits"},
		{"includes = kinto.plugins.accounts\nmultiauth.policies = account users\nmultiauth.policy.account.use = openid\nmultiauth.policy.account.issuer = https://i\n" +
			"multiauth.policy.account.client_id = c\nmultiauth.policy.users.use = accounts", "call the policy account otherwise"},
		{"includes = kinto.plugins.accounts", "no policy for it: add account"},
		{
			"includes = kinto.plugins.accounts\nmultiauth.policies = basicauth account\nmultiauth.policy.account.use = accounts",
			"before basicauth",
		},
		{
			"includes = kinto.plugins.accounts\nmultiauth.policies = account\nmultiauth.policy.account.use = accounts\n" +
				"account_create_principals = system.Everyone a b\naccount_write_principals = a", "add b",
		},
		{"event_listeners = l", "event_listeners.l.use (event_listeners) names"},
		{"event_listeners = l\nevent_listeners.l.use = kinto_redis.listeners", "over NATS"},
		{"event_listeners = l\nevent_listeners.l.use = webhook\nevent_listeners.l.actions = burn", "each action must be create or"},
		{"storage_backend = my.storage", "leave it out for the embedded SQLite"},
		{"storage_backend = postgresql://u:hush@h/d", "is an address, where a name belongs"},
		{"storage_backend = kinto.core.storage.postgresql", "storage_url must be given"},
		{"storage_url = mysql://u:hush@h/d", "storage_url (FILE) must begin with postgresql://"},
		{"storage_url = postgresql://u:hush%zz@h/d", "storage_url (FILE) is not a URL"},
		{"permission_backend = my.permission", "permissions are kept with the objects"},
		{"cache_backend = my.cache", "use kinto.core.cache.memory"},
		{"read_model = mysql", "must be sqlite or postgresql"},
		{"data_dir = ", "data_dir must be a folder"},
		{"nats_url = http://h", "nats_url (FILE) must begin with nats://"},
		{"nats_url = nats://", "names no host"},
		{"nats_stream = a.b", "nats_stream must consist of"},
		{"nats_url = h\nnats_replicas = 2", "nats_replicas must be 1 or 3"},
		{"nats_replicas = 3", "nats_replicas must be 1 without nats_url"},
		{"nats_listen = 4222", "nats_listen must be host:port"},
		{"nats_url = h\nnats_listen = :4222", "nats_listen is for the embedded log"},
		{"nats_monitor_urls = http://h:8222", "are for an external log"},
		{"nats_user = u\nnats_password = hush", "are for an external log"},
		{"nats_credentials = f", "are for an external log"},
		{"nats_user = u", "nats_user and nats_password belong together"},
		{"nats_user = u\nnats_password = hush\nnats_credentials = f", "exclude each other"},
		{"log_sync = never", "log_sync (FILE) must be always or interval"},
		{"log_format = xml", "log_format (FILE) must be text or json"},
		{"log_level = loud", "log_level (FILE) must be debug or"},
		{"prometheus_histogram_buckets = 2 1", "must be numbers that grow"},
		{"statsd_url = tcp://h:1", "must begin with udp://"},
		{"statsd_url = udp://h", "statsd_url (FILE) must name host and port"},
		{"attachment.aws.use_path_style = perhaps", "must be true or false"},
		{"attachment.aws.port = 0", "attachment.aws.port (FILE) must be between 1 and 65535"},
		{"attachment.aws.host = http://localhost", "attachment.aws.host must be a host name"},
		{"attachment.aws.endpoint = https://a\nattachment.aws.host = b", "attachment.aws.endpoint says what host, port and is_secure say"},
		{"cache_max_size_bytes = 0", "must be 1 or more"},
		{"retry_after_seconds = 0", "retry_after_seconds must be 1 or more"},
		{"pagination_token_validity_seconds = 0", "pagination_token_validity_seconds must be 1 or more"},
		{"attachment.mimetypes = ftl", "must be pairs"},
		{"attachment.filename_pattern = {size}-{filename}", "must be a name such as"},
		{"attachment.folder = {bucket}/{collection_id}", "attachment.folder (FILE) must be such as {bucket_id}/{collection_id}"},
		{"attachment.base_url = files.example.com", "attachment.base_url (FILE) must be a URL such as https://files.example.com/"},
		{"attachment.base_url = https://", "attachment.base_url (FILE) must be a URL such as https://files.example.com/"},
		{"history.exclude_resources = /buckets/a buckets/b", "history.exclude_resources (FILE) must be URIs such as /buckets/blog"},
		{"history.exclude_resources = /buckets/a/collections", "history.exclude_resources (FILE) must be URIs such as /buckets/blog"},
		{"attachment.filename_pattern = {rid}/{filename}", "must be a name such as"},
		{"attachment.resources.a.b.c.randomize = true", "names more than a bucket and a collection"},
		{"attachment.resources.b.randomize = x", "must be true or false"},
		{"http_port = 70000", "port (FILE) must be between 0 and 65535"},
	} {
		path := file(t, c.lines)
		_, _, err := config.Load(path, nil)
		if err == nil {
			t.Errorf("load %q: got nil, want an error", c.lines)
			continue
		}
		got := strings.ReplaceAll(err.Error(), path, "FILE")
		if !strings.Contains(got, c.want) || strings.Contains(got, "hush") {
			t.Errorf("load %q: got %q, want %q in it", c.lines, got, c.want)
		}
	}
}

func TestKeysOfS3ComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	path := file(t, "includes = kinto_attachment", "attachment.aws.bucket_name = b")
	s, warnings, err := config.Load(path, []string{"KINTO_ATTACHMENT_AWS_SECRET_KEY=hush", "KINTO_ATTACHMENT_AWS_USE_PATH_STYLE=yes"})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got %v and %v, want no error and no warnings", err, warnings)
	}
	if aws := s.Plugins.Attachments.AWS; aws["bucket_name"].Reveal() != "b" || aws["secret_key"].Reveal() != "hush" || aws["use_path_style"].Reveal() != "true" {
		t.Errorf("got bucket %q, key %q, path style %q", aws["bucket_name"].Reveal(), aws["secret_key"].Reveal(), aws["use_path_style"].Reveal())
	}
}

func TestHostPortAndSecurityMakeTheEndpointOfS3(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, lines, want string }{
		{"none of them", "attachment.aws.bucket_name = b", ""},
		{"the endpoint itself", "attachment.aws.endpoint = https://minio.example.com:9000", "https://minio.example.com:9000"},
		{"a host", "attachment.aws.host = minio.example.com", "https://minio.example.com"},
		{"all of them", "attachment.aws.host = localhost\nattachment.aws.port = 6000\nattachment.aws.is_secure = false", "http://localhost:6000"},
		{"an address", "attachment.aws.host = ::1\nattachment.aws.port = 6000", "https://[::1]:6000"},
		{"no host", "attachment.aws.is_secure = no", "http://s3.amazonaws.com"},
		{"what is so anyway", "attachment.aws.is_secure = true", ""},
	} {
		s, warnings, err := config.Load(file(t, "includes = kinto_attachment", c.lines), nil)
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: got %v and %v, want no error and no warnings", c.name, err, warnings)
			continue
		}
		if got := s.Plugins.Attachments.S3Endpoint(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLoadReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, _, err := config.Load(file(t, "paginate_by = x", "readonly = x"), []string{"KINTO_BACKOFF=x"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "backoff (KINTO_BACKOFF)") {
		t.Errorf("got %v, want three lines, one with the variable", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"init-postgresql", "suite-js", "suite-py"} {
		content, err := os.ReadFile(filepath.Join("testdata", name+".ini"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, "KINTO_EOS=\"2030-01-01\"")
	}
	f.Add([]byte("[app:main]\na=%(b)s%(b)s\nb=%(a)s"), "KINTO_=")
	f.Add([]byte("[app:main]\nevent_listeners=.\nevent_listeners...use=webhook\nattachment.resources.=\n_id_generator=\n"), "=")
	f.Fuzz(func(t *testing.T, content []byte, variable string) {
		path := filepath.Join(t.TempDir(), "kinto.ini")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, _, err := config.Load(path, []string{variable})
		if (s == nil) == (err == nil) {
			t.Errorf("got settings %v and error %v, want one of them", s, err)
		}
		if err == nil && s.Validate() != nil {
			t.Errorf("got settings that are not valid: %v", s.Validate())
		}
	})
}
