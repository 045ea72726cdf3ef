package accounts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// open is the usual policy: everybody may register, and the account admin administrates.
var open = map[string][]string{
	"account_create": {domain.Everyone},
	"account_write":  {"account:admin"},
	"account_read":   {"account:admin", "account:reader"},
	"bucket_create":  {domain.Authenticated},
}

var options = accounts.Options{Secret: "a-secret-string", Cost: bcrypt.MinCost}

// start runs a service with accounts, and then basicauth.
func start(t testing.TB, grants map[string][]string, config server.Config) *server.Server {
	t.Helper()
	plugin, authentication := accounts.New(options)
	config.Memory = config.DataDir == ""
	return servertest.Open(t, server.App{
		Name: "kinto", Resources: kinto.Resources(), Policy: domain.Policy{Grants: grants},
		Plugins:        []server.Plugin{plugin},
		Authenticators: []server.Authentication{authentication, server.Static(web.BasicAuth{Secret: options.Secret})},
	}, config)
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// attribute is a value in the answer, by its names.
func (a answer) attribute(t testing.TB, names ...string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Fatalf("%v: %v", a, err)
	}
	for _, name := range names {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

// send makes a request such as "PUT /accounts/alice". Credentials are "user:password", or "" for none.
func send(t testing.TB, s http.Handler, credentials, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	if user, password, ok := strings.Cut(credentials, ":"); ok {
		r.SetBasicAuth(user, password)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// register creates an account whose password is its name and "-pw".
func register(t testing.TB, s http.Handler, names ...string) {
	t.Helper()
	for _, name := range names {
		body := fmt.Sprintf(`{"data":{"password":"%s-pw"}}`, name)
		if a := send(t, s, "", "PUT /accounts/"+name, body); a.status != http.StatusCreated {
			t.Fatalf("register %s: got %v, want 201", name, a)
		}
	}
}

// whoami is the user id that the service knows the credentials by.
func whoami(t testing.TB, s http.Handler, credentials string) string {
	t.Helper()
	id, _ := send(t, s, credentials, "GET /", "").attribute(t, "user", "id").(string)
	return id
}
