package accounts_test

import (
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/server"
)

func TestHashesAreStrongByDefault(t *testing.T) {
	t.Parallel()
	plugin, _ := accounts.New(accounts.Options{})
	c := &domain.Command{Verb: domain.Put, Data: []byte(`{"password":"x"}`)}
	if err := plugin.Resources[0].Prepare(t.Context(), c); err != nil || !strings.HasPrefix(string(c.Data), `{"password":"$2b$12$`) {
		t.Errorf("got %s, %v, want a hash of cost 12", c.Data, err)
	}
}

func TestPutCreatesAndReplaces(t *testing.T) {
	t.Parallel()
	s := start(t, nil, server.Config{})
	for _, password := range []string{"first", "second"} {
		if err := accounts.Put(t.Context(), s.Parts(), "alice", password); err != nil {
			t.Fatalf("put: %v", err)
		}
		got := send(t, s, "alice:"+password, "GET /accounts/alice", "")
		if got.status != 200 || !strings.Contains(got.body, `"permissions":{"write":["account:alice"]}`) {
			t.Errorf("%s: got %v, want 200 for alice, who may write", password, got)
		}
	}
	for _, c := range []struct{ name, password string }{{"no name", "x"}, {"no/name", "x"}, {"bob", ""}, {"bob", strings.Repeat("x", 73)}} {
		if err := accounts.Put(t.Context(), s.Parts(), c.name, c.password); domain.CodeOf(err) != domain.Invalid {
			t.Errorf("%v: got %v, want it to be invalid", c, err)
		}
	}
}
