// Package admin serves the web console of Kinto, kinto-admin, below /admin/ (protocol 7.6). The console is a folder of
// files that its own project builds; it is not part of this software, and where it is missing a page says where to get it.
//
// The console talks to the service as any client does, and holds no rights of its own.
package admin

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Options of the console.
type Options struct {
	// Assets is the folder of the built console, with index.html and VERSION. Default "", and if there is nothing in it: a
	// page that tells how to get it. It may be replaced while the service runs.
	Assets string
}

// New is the plug-in. The console lists what a user has access to by means of the permissions endpoint, which is
// another plug-in.
func New(o Options) server.Plugin {
	return server.Plugin{
		Name: "admin",
		Capability: &server.Capability{
			Name: "admin", Description: "Serves the admin console.", URL: "https://github.com/Kinto/kinto-admin/",
			Extra: map[string]any{"version": o.version()},
		},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			if _, err := o.read("index.html"); err != nil && o.Assets != "" {
				p.Config.Logger.WithError(err).WithField("folder", o.Assets).Warn("the console is not in its folder: a page tells how to get it")
			}
			return []web.Endpoint{
				page("admin", "/admin", o.lead("/"+p.Config.Web.Version+"/admin/")), page("admin-assets", "/admin/{path...}", o.serve),
			}, nil
		},
	}
}

func page(name, path string, handle web.Handler) web.Endpoint {
	return web.Endpoint{
		Name: name, Path: path, Public: true,
		Methods: []web.Method{{Name: http.MethodGet, Handle: handle}, {Name: http.MethodHead, Handle: handle}},
	}
}

// version is that of the console when the service starts, "none" if it does not tell.
func (o Options) version() string {
	if text, err := o.read("VERSION"); err == nil && strings.TrimSpace(text) != "" {
		return strings.TrimSpace(text)
	}
	return "none"
}

func (o Options) read(name string) (string, error) {
	file, err := o.open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	var text strings.Builder
	_, err = file.WriteTo(&text)
	return text.String(), err
}

// lead sends a browser on to the page, relative to which the others are.
func (o Options) lead(path string) web.Handler {
	return func(w http.ResponseWriter, r *web.Request) error {
		base := r.Absolute("")
		w.Header().Set("Location", rest.Location(base, path, r.URL.RawQuery))
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
}

// policy lets the console load what comes with it, and pictures from anywhere.
const policy = "default-src 'self'; img-src data: *; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"

//go:embed help.html
var help string

// serve answers with a file; with index.html where none is named. A browser asks each time whether it has changed.
func (o Options) serve(w http.ResponseWriter, r *web.Request) error {
	name := r.Params["path"]
	home := name == ""
	if home {
		name = "index.html"
	}
	file, err := o.open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && home:
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(help))
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &domain.Error{Code: domain.MissingResource}
	case err != nil:
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	http.ServeContent(w, r.Request, name, info.ModTime(), file)
	return nil
}

// open opens a file of the console. What is no file of it, does not exist: other names, hidden files, folders, and links that
// lead out of the folder.
func (o Options) open(name string) (*os.File, error) {
	if o.Assets == "" || !fs.ValidPath(name) || strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
		return nil, fs.ErrNotExist
	}
	root, err := os.OpenRoot(o.Assets)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(name)
	if err != nil {
		return nil, notExist(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return root.Open(name)
}

// notExist makes what cannot be a file of the console one that does not exist: os.Root refuses links that lead out without
// an error of their own.
func notExist(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
}
