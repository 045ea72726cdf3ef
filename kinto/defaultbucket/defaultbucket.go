package defaultbucket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Alias is the id that stands for that of the caller's bucket.
const Alias = "default"

// Options of the plug-in.
type Options struct {
	// Secret keys the ids of personal buckets (default_bucket_hmac_secret); the empty one is a key, too.
	Secret string
}

// New makes the plug-in. The resources bucket and, below it, collection must be declared.
func New(o Options) server.Plugin {
	return server.Plugin{
		Name: "default_bucket",
		Capability: &server.Capability{
			Name:        "default_bucket",
			Description: "The default bucket is an alias for a personal bucket where collections are created implicitly.",
			URL:         "https://kinto.readthedocs.io/en/latest/api/1.x/buckets.html#personal-bucket-default",
		},
		User: func(_ server.Parts, r *web.Request) (map[string]any, error) {
			return map[string]any{"bucket": BucketID(o.Secret, r.Caller.UserID)}, nil
		},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) { return nil, declared(p.Catalog) },
		Before: func(p server.Parts) func(*web.Request) error {
			a := &alias{
				secret: o.Secret, readOnly: p.Config.Web.ReadOnly, parts: p,
				bucket: p.Catalog.Resource("bucket"), collection: p.Catalog.Resource("collection"),
			}
			return a.before
		},
	}
}

// declared tells whether there is what the alias stands for.
func declared(c *domain.Catalog) error {
	collection := c.OfPlural("/buckets/" + Alias + "/collections")
	if collection == nil || collection.Name != "collection" || collection.Parent().Name != "bucket" {
		return errors.New("it needs the resources bucket and collection of package kinto")
	}
	return nil
}

// BucketID is the id of a user's personal bucket: the first half of the HMAC-SHA256 of the prefixed user id, written as a
// UUID.
func BucketID(secret, userID string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(userID)) // never fails
	h := hex.EncodeToString(m.Sum(nil))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }
