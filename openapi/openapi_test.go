package openapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/counters"
	"github.com/kintolog/kintolog/kinto/flush"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/kinto/userdata"
	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// start runs Kinto.
func start(t *testing.T, change func(*server.App, *server.Config)) *server.Server {
	t.Helper()
	app := server.App{
		Name: "kinto", Version: "1", Resources: kinto.Resources(), Contribute: []byte(`{}`),
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}, "permissions_read": {domain.Everyone}}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "s"})},
		Security:       map[string]openapi.Scheme{"basicauth": {}, "google": {AuthorizationURL: "https://google.example/authorize"}},
		Plugins:        []server.Plugin{flush.New(), counters.New(), permissions.New(), userdata.New()},
	}
	config := server.Config{Memory: true}
	if change != nil {
		change(&app, &config)
	}
	return servertest.Open(t, app, config)
}

// request makes one such as "GET /buckets"; lines after it are headers "Name: value", and a body begins with a brace or
// bracket.
func request(t *testing.T, lines ...string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(lines[0], " ")
	var body io.Reader = http.NoBody
	if last := lines[len(lines)-1]; len(lines) > 1 && strings.ContainsAny(last[:1], "{[") {
		body, lines = strings.NewReader(last), lines[:len(lines)-1]
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "http://kinto.example:8888/v1"+path, body)
	if body != http.NoBody {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// document is what the server says of itself, checked to be a valid OpenAPI document.
func document(t *testing.T, s *server.Server) (*openapi2.T, *openapi3.T) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, request(t, "GET /__api__"))
	if w.Code != http.StatusOK {
		t.Fatalf("GET /__api__: got %d %s", w.Code, w.Body)
	}
	var doc openapi2.T
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("decode: %v", err)
	}
	converted, err := openapi2conv.ToV3(&doc)
	if err != nil {
		t.Fatalf("convert: %v", err)
	}
	if err := converted.Validate(context.Background()); err != nil {
		t.Fatalf("validate: %v", err)
	}
	return &doc, converted
}

func TestTheDescriptionIsOfTheServiceThatTheClientKnows(t *testing.T) {
	t.Parallel()
	doc, _ := document(t, start(t, nil))
	if doc.Swagger != "2.0" || doc.Info.Title != "kinto" || doc.Info.Version != "1.23" {
		t.Errorf("got swagger %s of %s %s", doc.Swagger, doc.Info.Title, doc.Info.Version)
	}
	if doc.Host != "kinto.example:8888" || doc.BasePath != "/v1" || !slices.Equal(doc.Schemes, []string{"http"}) {
		t.Errorf("got %v %s%s", doc.Schemes, doc.Host, doc.BasePath)
	}
	if got := doc.SecurityDefinitions["basicauth"].Type; got != "basic" {
		t.Errorf("basicauth: got %s", got)
	}
	google := doc.SecurityDefinitions["google"]
	if google.Type != "oauth2" || google.AuthorizationURL != "https://google.example/authorize" {
		t.Errorf("google: got %s %s", google.Type, google.AuthorizationURL)
	}
}

func TestOperationsHaveTheNamesThatClientsKnow(t *testing.T) {
	t.Parallel()
	doc, _ := document(t, start(t, nil))
	got := map[string]string{}
	for path, item := range doc.Paths {
		for method, o := range item.Operations() {
			got[o.OperationID] = method + " " + path + " " + strings.Join(o.Tags, ",")
		}
	}
	for id, want := range map[string]string{
		"get_buckets":      "GET /buckets Buckets",
		"create_group":     "POST /buckets/{bucket_id}/groups Groups",
		"delete_records":   "DELETE /buckets/{bucket_id}/collections/{collection_id}/records Records",
		"get_collection":   "GET /buckets/{bucket_id}/collections/{id} Collections",
		"update_bucket":    "PUT /buckets/{id} Buckets",
		"patch_record":     "PATCH /buckets/{bucket_id}/collections/{collection_id}/records/{id} Records",
		"delete_group":     "DELETE /buckets/{bucket_id}/groups/{id} Groups",
		"server_info":      "GET / Utilities",
		"__heartbeat__":    "GET /__heartbeat__ Utilities",
		"__lbheartbeat__":  "GET /__lbheartbeat__ Utilities",
		"__version__":      "GET /__version__ Utilities",
		"contribute":       "GET /contribute.json Utilities",
		"get_openapi_spec": "GET /__api__ Utilities",
		"batch":            "POST /batch Batch",
		"create_flush":     "POST /__flush__ Flush",
		"get_permissionss": "GET /permissions Permissionss",
		"delete_user-data": "DELETE /__user_data__/{principal} User-datas",
	} {
		if got[id] != want {
			t.Errorf("%s: got %q, want %q", id, got[id], want)
		}
	}
}

func TestAttributesAreDescribed(t *testing.T) {
	t.Parallel()
	s := start(t, func(a *server.App, _ *server.Config) {
		a.Resources = append(a.Resources, domain.Resource{Name: "card", Path: "/cards", Attributes: []domain.Attribute{
			{Name: "title", Type: domain.Text, Required: true},
			{Name: "color", Type: domain.Text, OneOf: []string{"red", "blue"}, Default: "red", Required: true},
			{Name: "tags", Type: domain.Array},
			{Name: "any"},
		}})
	})
	doc, converted := document(t, s)
	properties := converted.Components.Schemas["card"].Value.Properties
	if got := properties["color"].Value; !got.Type.Is("string") || len(got.Enum) != 2 || got.Default != "red" {
		t.Errorf("color: got %v", got)
	}
	if got := properties["any"].Value.Type; got != nil {
		t.Errorf("any: got %v", got)
	}
	parameters := doc.Paths["/cards/{id}"].Put.Parameters
	data := parameters[len(parameters)-1].Schema.Value.Properties["data"].Value
	if !slices.Equal(data.Required, []string{"title"}) || data.Properties["tags"] == nil {
		t.Errorf("what is written: got %v with %v", data.Required, data.Properties)
	}
}

func TestOperationsTellWhetherTheyNeedACaller(t *testing.T) {
	t.Parallel()
	doc, _ := document(t, start(t, nil))
	for path, want := range map[string]int{"/": 0, "/__heartbeat__": 0, "/batch": 0, "/buckets": 2} {
		item := doc.Paths[path]
		for method, o := range item.Operations() {
			if o.Security == nil || len(*o.Security) != want {
				t.Errorf("%s %s: got %v, want %d", method, path, o.Security, want)
			}
		}
	}
}

func TestTheDescriptionLeavesOutWhatIsNotServed(t *testing.T) {
	t.Parallel()
	readOnly, _ := document(t, start(t, func(_ *server.App, c *server.Config) { c.Web.ReadOnly = true }))
	for path, item := range readOnly.Paths {
		for method := range item.Operations() {
			if method != http.MethodGet {
				t.Errorf("read-only: got %s %s", method, path)
			}
		}
	}
	some, _ := document(t, start(t, func(a *server.App, _ *server.Config) {
		a.Enabled = func(_ *domain.Resource, kind web.Kind, method string) bool {
			return kind != web.PluralEndpoint || method != http.MethodDelete
		}
	}))
	if got := some.Paths["/buckets"].Delete; got != nil {
		t.Errorf("a method that is not enabled: got %v", got.OperationID)
	}
}

func TestTwoOperationsOfOneNameAreRefused(t *testing.T) {
	t.Parallel()
	get := []web.Method{{Name: http.MethodGet}}
	_, err := openapi.New(openapi.Info{}, []web.Endpoint{
		{Name: "a-b", Path: "/one", Methods: get}, {Name: "a_b", Path: "/two", Methods: get},
	})
	if err == nil || !strings.Contains(err.Error(), "the operation get_a_b is that of /one") {
		t.Errorf("got %v", err)
	}
}

// The answers of a running service are as it describes them.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, doc := document(t, s)
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	const me, patch, merge = "Authorization: Basic bWU6c2VjcmV0", "Content-Type: application/json-patch+json", "Content-Type: application/merge-patch+json"
	const records = "/buckets/b/collections/c/records"
	for _, c := range []struct {
		status int
		lines  []string
	}{
		{200, []string{"GET /"}},
		{200, []string{"GET /", me}},
		{200, []string{"GET /__heartbeat__"}},
		{200, []string{"GET /__lbheartbeat__"}},
		{404, []string{"GET /__version__"}},
		{200, []string{"GET /contribute.json"}},
		{200, []string{"GET /__api__"}},
		{200, []string{"GET /__counters__"}},
		{401, []string{"GET /buckets"}},
		{401, []string{"PUT /buckets/b"}},
		{201, []string{"PUT /buckets/b", me}},
		{200, []string{"PUT /buckets/b", me, `{"data":{"a":1},"permissions":{"read":["system.Everyone"]}}`}},
		{412, []string{"PUT /buckets/b", me, "If-None-Match: *"}},
		{201, []string{"POST /buckets", me}},
		{200, []string{"GET /buckets", me}},
		{200, []string{"GET /buckets/b"}},
		{200, []string{"GET /buckets/b?_fields=a"}},
		{412, []string{"GET /buckets/b", "If-None-Match: *"}},
		{403, []string{"GET /buckets/x", me}},
		{201, []string{"PUT /buckets/b/groups/g", me, `{"data":{"members":["basicauth:x"]}}`}},
		{200, []string{"GET /buckets/b/groups/g", me}},
		{400, []string{"PUT /buckets/b/groups/h", me, `{"data":{"members":["system.Everyone"]}}`}},
		{201, []string{"PUT /buckets/b/collections/c", me}},
		{404, []string{"GET /buckets/b/collections/none", me}},
		{201, []string{"POST " + records, me, `{"data":{"n":1}}`}},
		{201, []string{"PUT " + records + "/r", me, `{"data":{"n":2}}`}},
		{200, []string{"PATCH " + records + "/r", me, `{"data":{"m":2}}`}},
		{200, []string{"PATCH " + records + "/r", me, "Response-Behavior: light", `{"data":{"m":3}}`}},
		{200, []string{"PATCH " + records + "/r", me, patch, `[{"op":"add","path":"/data/x","value":1}]`}},
		{200, []string{"PATCH " + records + "/r", me, merge, `{"data":{"x":null}}`}},
		{400, []string{"PATCH " + records + "/r", me, patch, `[{"op":"add"}]`}},
		{415, []string{"PUT " + records + "/r", me, "Content-Type: text/plain", `{}`}},
		{406, []string{"GET " + records, me, "Accept: text/html"}},
		{200, []string{"GET " + records + "?_limit=1&_since=1", me}},
		{200, []string{"GET " + records + "?_fields=n", me}},
		{400, []string{"GET " + records + "?_since=x", me}},
		{404, []string{"GET " + records + "/none", me}},
		{200, []string{"DELETE " + records + "/r", me}},
		{200, []string{"GET " + records + "?_since=1", me}},
		{200, []string{"DELETE " + records, me}},
		{200, []string{"GET /permissions", me}},
		{200, []string{"POST /batch", `{"requests":[{"path":"/"},{"path":"/buckets/b"},{"path":"/nowhere"}]}`}},
		{400, []string{"POST /batch", `{}`}},
		{403, []string{"DELETE /__user_data__/basicauth:x", me}},
		{202, []string{"POST /__flush__"}},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, request(t, c.lines...))
		if w.Code != c.status {
			t.Errorf("%q: got %d %s, want %d", c.lines, w.Code, w.Body, c.status)
			continue
		}
		if err := conforms(request(t, c.lines...), router, w); err != nil {
			t.Errorf("%q: %s: %v", c.lines, w.Body, err)
		}
	}
}

// What the service refuses for its form, the description does not allow either.
func TestTheDescriptionTellsWhatRequestsLookLike(t *testing.T) {
	t.Parallel()
	_, doc := document(t, start(t, nil))
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		allowed bool
		lines   []string
	}{
		{true, []string{"GET /buckets?_since=12&_before=%2213%22&_limit=5&title=x", `If-None-Match: "12"`}},
		{true, []string{"PUT /buckets/b", "If-None-Match: *", `{"data":{"a":1},"permissions":{"read":["x"]}}`}},
		{true, []string{"DELETE /buckets/b?last_modified=12"}},
		{true, []string{"POST /batch", `{"requests":[{"path":"/buckets"}],"defaults":{"method":"POST"}}`}},
		{false, []string{"GET /buckets", "If-None-Match: 12"}},
		{false, []string{"GET /buckets", `If-Match: W/"12"`}},
		{false, []string{"GET /buckets?_since=aaa"}},
		{false, []string{"GET /buckets?_before=aaa"}},
		{false, []string{"GET /buckets?_limit=aaa"}},
		{false, []string{"DELETE /buckets/b?last_modified=aaa"}},
		{false, []string{"POST /buckets", `{"data":"aaa"}`}},
		{false, []string{"POST /buckets", `{"permissions":"aaa"}`}},
		{false, []string{"POST /buckets", `{"permissions":{"read":"aaa"}}`}},
		{false, []string{"POST /buckets", `{"permissions":{"read":[111]}}`}},
		{false, []string{"POST /batch", `{"requests":[{"path":"/buckets","method":"AAA"}]}`}},
		{false, []string{"POST /batch", `{"requests":[{"path":123}]}`}},
		{false, []string{"POST /batch", `{"requests":[{"path":"/buckets","headers":[]}]}`}},
		{false, []string{"POST /batch", `{"requests":[{"path":"/buckets"}],"defaults":{"method":"AAA"}}`}},
	} {
		r := request(t, c.lines...)
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Fatalf("%q: %v", c.lines, err)
		}
		err = openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		})
		if (err == nil) != c.allowed {
			t.Errorf("%q: got %v, want allowed %t", c.lines, err, c.allowed)
		}
	}
}

// conforms compares an answer with its description. A status must be described by itself, not by default.
func conforms(r *http.Request, router routers.Router, w *httptest.ResponseRecorder) error {
	route, params, err := router.FindRoute(r)
	if err != nil {
		return err
	}
	if route.Operation.Responses.Status(w.Code) == nil {
		return fmt.Errorf("the status %d is not described", w.Code)
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(w.Body),
	})
}
