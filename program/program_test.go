package program_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// prepare reads the settings of a kinto.ini. Users are recognised by Basic authentication unless the lines say otherwise.
func prepare(t *testing.T, lines ...string) (file string, _ server.App, _ server.Config, _ error) {
	t.Helper()
	lines = append([]string{"[app:main]", "kinto.storage_backend = memory", "kinto.userid_hmac_secret = s"}, lines...)
	if !strings.Contains(strings.Join(lines, "\n"), "multiauth.policies") {
		lines = append(lines, "kinto.multiauth.policies = basicauth")
	}
	file = filepath.Join(t.TempDir(), "kinto.ini")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	s, err := program.Options{Config: file}.Service(quiet)
	return file, s.App, s.Config, err
}

// start runs the service of a kinto.ini.
func start(t *testing.T, lines ...string) (s *server.Server, file string) {
	t.Helper()
	file, application, config, err := prepare(t, lines...)
	if err != nil {
		t.Fatalf("settings: %v", err)
	}
	return servertest.Open(t, application, config), file
}

// ask sends a request such as "GET /buckets", as alice or, with anonymous, as nobody.
func ask(t *testing.T, s http.Handler, request string, anonymous ...bool) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Host = "localhost:8888"
	if len(anonymous) == 0 {
		r.SetBasicAuth("alice", "secret")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func expect(t *testing.T, s http.Handler, request string, status int, bodyHas string) *httptest.ResponseRecorder {
	t.Helper()
	w := ask(t, s, request)
	if w.Code != status || !strings.Contains(w.Body.String(), bodyHas) {
		t.Errorf("%s: got %d %s, want %d with %q", request, w.Code, w.Body, status, bodyHas)
	}
	return w
}

func header(t *testing.T, w *httptest.ResponseRecorder, name, want string) {
	t.Helper()
	if got := w.Header().Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func TestReadOnlyServicesRefuseWrites(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.readonly = true", "kinto.root_cache_expires_seconds = 60", "kinto.includes = kinto.plugins.flush")
	for _, request := range []string{
		"PUT /v1/buckets/b", "POST /v1/buckets", "PATCH /v1/buckets/b", "DELETE /v1/buckets/b", "DELETE /v1/buckets",
		"POST /v1/batch", "POST /v1/__flush__", "POST /v1/nowhere",
	} {
		expect(t, s, request, 405, `"errno":115`)
	}
	expect(t, s, "GET /v1/buckets", 200, `{"data":[]}`)
	expect(t, s, "GET /v1/__heartbeat__", 200, `"projection":true`)
	header(t, expect(t, s, "GET /v1/", 200, `"readonly":true`), "Cache-Control", "max-age=60")
	header(t, expect(t, s, "GET /v1/buckets", 200, ""), "Cache-Control", "no-cache, no-store")
	never, _ := start(t, "kinto.readonly = true", "kinto.root_cache_expires_seconds = 0")
	header(t, expect(t, never, "GET /v1/", 200, ""), "Cache-Control", "max-age=0, must-revalidate, no-cache, no-store")
}

func TestAServiceThatWillEndSaysSo(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.eos = 2199-12-31", "kinto.eos_message = Move on")
	const alert = `{"code":"soft-eol","message":"Move on","url":"https://kinto.readthedocs.io/"}`
	for request, status := range map[string]int{
		"GET /v1/": 200, "PUT /v1/buckets/b": 201, "GET /v1/nowhere": 404, "GET /buckets": 307, "GET /v1/buckets/none": 403,
	} {
		header(t, expect(t, s, request, status, ""), "Alert", alert)
	}
	expect(t, s, "GET /v1/", 200, `"eos":"2199-12-31"`)
}

func TestAServiceThatHasEndedIsGone(t *testing.T) {
	t.Parallel()
	s, _ := start(t, `kinto.eos = "2019-12-31"`, "kinto.eos_message = Moved", "kinto.eos_url = https://new.example")
	for _, request := range []string{"GET /v1/", "PUT /v1/buckets/b", "GET /v1/nowhere", "GET /v1/__heartbeat__", "OPTIONS /v1/buckets", "GET /"} {
		w := expect(t, s, request, 410, `"errno":202`)
		header(t, w, "Alert", `{"code":"hard-eol","message":"Moved","url":"https://new.example"}`)
	}
}

func TestClientsAreAskedToBackOff(t *testing.T) {
	t.Parallel()
	always, _ := start(t, "kinto.backoff = 10")
	never, _ := start(t, "kinto.backoff = 10", "kinto.backoff_percentage = 0")
	unset, _ := start(t)
	for request, status := range map[string]int{
		"GET /v1/": 200, "PUT /v1/buckets/b": 201, "GET /v1/nowhere": 404, "GET /buckets": 307, "PUT /v1/buckets": 405,
	} {
		header(t, expect(t, always, request, status, ""), "Backoff", "10")
		header(t, expect(t, never, request, status, ""), "Backoff", "")
		header(t, expect(t, unset, request, status, ""), "Backoff", "")
	}
}

func TestCallersAreAskedForCredentialsOfTheRealmOfEachPolicy(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.includes = kinto.plugins.accounts", "multiauth.policies = account basicauth",
		"multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy", "multiauth.policy.account.realm = People",
		"multiauth.policy.basicauth.realm = Anybody")
	got := ask(t, s, "GET /v1/buckets", true).Header().Values("WWW-Authenticate")
	if want := []string{`Basic realm="People"`, `Basic realm="Anybody"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBrowsersRememberPreflightsAsLongAsIsSaid(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{"60": "60", "0": "0", "": ""} {
		s, _ := start(t, "kinto.cors_max_age_seconds = "+setting)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/v1/buckets", nil)
		r.Header = http.Header{"Origin": {"https://page.example"}, "Access-Control-Request-Method": {"GET"}}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		header(t, w, "Access-Control-Max-Age", want)
	}
}

func TestTheRootTellsWhatTheSettingsSay(t *testing.T) {
	t.Parallel()
	s, file := start(t, "kinto.project_name = my project", "kinto.project_version = 7", "kinto.http_api_version = 3.4", "kinto.batch_max_requests = 0",
		"kinto.includes = kinto.plugins.admin kinto.plugins.prometheus")
	var got struct {
		Name     string         `json:"project_name"`
		Version  string         `json:"project_version"`
		API      string         `json:"http_api_version"`
		URL      string         `json:"url"`
		Config   map[string]any `json:"config"`
		Settings struct {
			Batch int `json:"batch_max_requests"`
		} `json:"settings"`
		Capabilities map[string]map[string]any `json:"capabilities"`
	}
	if err := json.Unmarshal(ask(t, s, "GET /v3/").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "my project" || got.Version != "7" || got.API != "3.4" || got.URL != "http://localhost:8888/v3/" || got.Settings.Batch != 0 {
		t.Errorf("got %+v", got)
	}
	if got.Config["path"] != file || got.Config["modified"] == nil || len(got.Config["hash"].(string)) != 64 {
		t.Errorf("config: got %v", got.Config)
	}
	for _, name := range []string{"basicauth", "admin", "permissions_endpoint", "prometheus"} {
		c := got.Capabilities[name]
		if c["description"] == nil || c["url"] == nil {
			t.Errorf("capability %s: got %v", name, c)
		}
	}
}

func TestUtilitiesAreServed(t *testing.T) {
	t.Parallel()
	version := filepath.Join(t.TempDir(), "version.json")
	if err := os.WriteFile(version, []byte(`{"commit":"abc"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, "kinto.version_json_path = "+version)
	expect(t, s, "GET /v1/__version__", 200, `{"commit":"abc"}`)
	expect(t, s, "GET /v1/contribute.json", 200, `"license": "Apache-2.0"`)
	expect(t, s, "GET /v1/__lbheartbeat__", 200, `{}`)
	expect(t, s, "GET /v1/__heartbeat__", 200, `"log":true`)
	expect(t, s, "GET /v1/__api__", 200, `"securityDefinitions":{"basicauth":{"type":"basic"}}`)
	expect(t, s, "GET /v1/__metrics__", 404, "")
	expect(t, s, "GET /v1/admin", 404, "")
}

func TestMetricsAreAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.includes = kinto.plugins.prometheus", "kinto.project_name = My-project",
		"kinto.disabled_metrics = users", "kinto.prometheus_histogram_buckets = 7 Inf", "kinto.prometheus_created_metrics_enabled = false",
		"kinto.metrics_matchdict_fields = bucket_id")
	expect(t, s, "PUT /v1/buckets/b", 201, "")
	labels := `myproject_request_duration_seconds_bucket{bucket_id="b",endpoint="bucket-object",method="put",le=`
	body := expect(t, s, "GET /v1/__metrics__", 200, labels+`"7"} 1`).Body.String()
	for _, absent := range []string{"myproject_users", "_created", labels + `"0.01"`} {
		if strings.Contains(body, absent) {
			t.Errorf("got %s", absent)
		}
	}
	if !strings.Contains(body, `myproject_authentication_basicauth_seconds_count{method="authenticate"} `) {
		t.Error("the policy is not measured")
	}
	if !strings.Contains(body, "myproject_subscribers 0\n") {
		t.Error("subscribers are not counted")
	}
}

func TestTheLastMetricsServiceCounts(t *testing.T) {
	t.Parallel()
	const address = "kinto.statsd_url = udp://127.0.0.1:8125"
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"kinto.includes = kinto.plugins.prometheus kinto.plugins.statsd", address}, "statsd"},
		{[]string{"kinto.includes = kinto.plugins.statsd kinto.plugins.prometheus", address}, "prometheus"},
		{[]string{address}, "statsd"},
		{[]string{"kinto.includes = kinto.plugins.prometheus", address}, "prometheus"},
	} {
		_, application, _, err := prepare(t, c.lines...)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, plugin := range application.Plugins {
			if plugin.Observe != nil {
				got += plugin.Name
			}
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.lines, got, c.want)
		}
	}
	if _, _, _, err := prepare(t, "kinto.includes = kinto.plugins.statsd"); err == nil || !strings.Contains(err.Error(), "needs statsd_url") {
		t.Errorf("StatsD without address: got %v", err)
	}
}

func TestTheConsoleIsServedFromItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"index.html": "<title>console</title>", "VERSION": "9.8.7"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := start(t, "kinto.includes = kinto.plugins.admin", "kinto.admin_assets_path = "+dir)
	expect(t, s, "GET /v1/admin/", 200, "<title>console</title>")
	expect(t, s, "GET /v1/", 200, `"version":"9.8.7"`)
	expect(t, s, "GET /v1/permissions", 200, `{"data":[`)
}

func TestLogsAreLinesOfJSONIfWanted(t *testing.T) {
	t.Parallel()
	for format, begins := range map[string]string{"json": `{"time":"`, "text": ""} {
		file, _, _, err := prepare(t, "kinto.log_format = "+format, "kinto.statsd_backend = warned.of")
		if err != nil {
			t.Fatal(err)
		}
		var logged strings.Builder
		logger := logrus.New()
		logger.SetOutput(&logged)
		if _, err := (program.Options{Config: file}).Service(logger); err != nil {
			t.Fatal(err)
		}
		logger.WithField("code", 200).Info("request.summary")
		lines := strings.SplitAfter(logged.String(), "\n")
		for i, says := range []string{"statsd_backend", "request.summary"} {
			if line := lines[i]; !strings.HasPrefix(line, begins) || (line[0] == '{') != (format == "json") || !strings.Contains(line, says) {
				t.Errorf("%s: got %s, want one that says %s", format, line, says)
			}
		}
	}
}

func TestAllPlugInsServeTogether(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.includes = kinto.plugins.accounts kinto.plugins.admin kinto.plugins.counters kinto.plugins.default_bucket",
		"  kinto.plugins.flush kinto.plugins.history kinto.plugins.prometheus kinto_attachment",
		"kinto.multiauth.policies = account basicauth", "kinto.multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy",
		"kinto.experimental_permissions_endpoint = true", "kinto.experimental_collection_schema_validation = true")
	body := expect(t, s, "GET /v1/__api__", 200, "").Body.String()
	for _, id := range []string{
		"create_record", "get_history", "delete_history", "get_history_snapshot", "create_account", "create_flush", "get_counters", "get_metrics",
		"get_permissionss", "delete_user-data", "batch", "get_admin",
	} {
		if !strings.Contains(body, `"operationId":"`+id+`"`) {
			t.Errorf("the operation %s is not described", id)
		}
	}
	expect(t, s, "PUT /v1/buckets/default/collections/c", 201, "")
	seen := map[string]bool{}
	for line := range strings.Lines(expect(t, s, "GET /v1/__metrics__", 200, `bucket_id=`).Body.String()) {
		if seen[line] {
			t.Errorf("two lines %s", line)
		}
		seen[line] = true
	}
}

func TestAHistoryOfNothingIsAWholeHistory(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.includes = kinto.plugins.history", "kinto.history.auto_trim_max_count = 0", "kinto.history.auto_trim_threshold = 0")
	expect(t, s, "PUT /v1/buckets/blog", 201, "")
	expect(t, s, "GET /v1/buckets/blog/history", 200, `"action":"create"`)
	if w := expect(t, s, "GET /v1/", 200, `"history"`); strings.Contains(w.Body.String(), "auto_trim") {
		t.Errorf("got %s, want nothing about entries that are forgotten", w.Body)
	}
}

func TestSnapshotsAreMeasuredByTheirCollection(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.includes = kinto.plugins.history kinto.plugins.prometheus")
	expect(t, s, "PUT /v1/buckets/blog", 201, "")
	expect(t, s, "PUT /v1/buckets/blog/collections/posts", 201, "")
	for _, at := range []string{"1", "2"} {
		expect(t, s, "GET /v1/buckets/blog/snapshot/collections/posts@"+at, 200, "")
	}
	const series = `kinto_request_summary_total{bucket_id="blog",collection_id="posts",endpoint="snapshot",group_id="",method="get",record_id="",status="200"} 2`
	expect(t, s, "GET /v1/__metrics__", 200, series)
}
