package accounts_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/server"
)

// neighbour is the authentication of another process on the same read model: whom it recognises.
func neighbour(t testing.TB, s *server.Server, change ...func(*server.Parts)) func(credentials string) string {
	t.Helper()
	_, authentication := accounts.New(options)
	parts := s.Parts()
	for _, c := range change {
		c(&parts)
	}
	other, err := authentication(parts)
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

// deaf hears of nothing that happens to the read model.
type deaf struct{ server.Progress }

func (deaf) Position() domain.Position { return 0 }

func hmacHex(key, message string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(message))
	return hex.EncodeToString(m.Sum(nil))
}
