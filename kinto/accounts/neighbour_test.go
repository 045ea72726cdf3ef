package accounts_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/server"
)

// neighbour is the authentication of another process on the same read model: whom it recognises.
func neighbour(t testing.TB, s *server.Server) func(credentials string) string {
	t.Helper()
	_, authentication := accounts.New(options)
	other, err := authentication(s.Parts())
	if err != nil {
		t.Fatal(err)
	}
	return func(credentials string) string {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/", nil)
		user, password, _ := strings.Cut(credentials, ":")
		r.SetBasicAuth(user, password)
		id, err := other.Authenticate(r)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
}

func hmacHex(key, message string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(message))
	return hex.EncodeToString(m.Sum(nil))
}
