package attachments

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// service is the plug-in on a running service.
type service struct {
	*plugin
	parts   server.Parts
	record  *domain.Resource
	log     identity
	prefix  string // of paths, such as "/v1"
	maxBody int64  // bytes
}

func newService(p *plugin, parts server.Parts, record *domain.Resource) *service {
	c := parts.Config.Web.WithDefaults()
	return &service{
		plugin: p, parts: parts, record: record, log: identity{log: parts.Log},
		prefix: "/" + c.Version, maxBody: c.Limits.Body,
	}
}

// target is the record that a request is about.
type target struct {
	uri   domain.URI
	rules Rules
	// folder of the keys, with a slash at the end unless it is empty.
	folder string
}

func (s *service) target(r *web.Request) target {
	segments := r.Segments()
	bucket, collection := r.Params["bucket"], r.Params["collection"]
	t := target{
		uri:    domain.URI("/" + strings.Join(segments[:len(segments)-1], "/")),
		rules:  s.Rules(bucket, collection),
		folder: strings.NewReplacer("{bucket_id}", bucket, "{collection_id}", collection).Replace(s.Folder),
	}
	t.rules.MaxSize = cmp.Or(t.rules.MaxSize, s.maxBody)
	if t.folder != "" {
		t.folder += "/"
	}
	return t
}

// serves tells whether the files are served here.
func (s *service) serves() bool {
	base, err := url.Parse(s.BaseURL)
	return s.BaseURL == "" || err == nil && base.Path == s.prefix+Path
}

// location is the URL of a file, or what comes after the URL that the capability tells.
func (s *service) location(r *web.Request, key string) string {
	base := s.BaseURL
	if base == "" && s.Extra["base_url"] == "" {
		base = r.Absolute(s.prefix + Path)
	}
	return base + escaped(key)
}

// file serves one. Whatever it holds, a browser that shows it runs no script of it and lets it see nothing of
// the service.
func (s *service) file(w http.ResponseWriter, r *web.Request) error {
	key := r.Params["key"]
	missing := &domain.Error{Code: domain.MissingResource}
	if isHidden(key) || !isKey(key) {
		return missing
	}
	f, err := s.Store.Open(r.Context(), key)
	switch {
	case errors.Is(err, ErrMissing):
		return missing
	case err != nil:
		return unavailable(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", s.mimeType(key, ""))
	http.ServeContent(w, r.Request, "", f.Modified, f)
	return nil
}
