package attachments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Options of the plug-in.
type Options struct {
	// Store keeps the files. Required.
	Store Store
	// BaseURL is where the files are for everybody. Default "": the service serves them itself, below [Path]. So it does
	// if BaseURL ends in the version prefix and Path.
	BaseURL string
	// Folder is the beginning of keys, in which {bucket_id} and {collection_id} stand for those. Default "": none.
	Folder string
	// Extensions allowed: groups such as "default" or "video", extensions, or "any". Default: "default".
	Extensions []string
	// MimeTypes by extension, with a dot or without, win over those that are known.
	MimeTypes map[string]string
	// Rules are those of a collection. Default: random names, and no old files.
	Rules func(bucket, collection string) Rules
	// Version is told by the capability.
	Version string
	// Extra is told by the capability as well. Where BaseURL is "", a base_url in it makes locations relative to it, so that
	// files can move: whoever needs a URL puts it before the location.
	Extra map[string]string
	// ReadOnly keeps the heartbeat from writing.
	ReadOnly bool

	// SweepEvery is the time between two looks at all marks. Default 6 hours.
	SweepEvery time.Duration
	// Grace is the age before which a file that no record refers to is not removed, where other processes may be
	// uploading it; an upload is given up after half of it. Default 1 hour.
	Grace time.Duration
}

// Rules are what can differ between collections.
type Rules struct {
	// KeepOldFiles leaves files alone that no record refers to any more.
	KeepOldFiles bool
	// KeepNames gives files the names that clients give them rather than random ones.
	KeepNames bool
	// Pattern is what files are called, with the name that is random or kept in it as {filename}, the time as {datetime} and
	// the id of the record as {rid}. Default "": {filename}.
	Pattern string
	// MaxSize of a file, in bytes. Default 0: web.Limits.Body.
	MaxSize int64
}

// Path is where files are served, after the version prefix.
const Path = "/attachments/"

// Name is that of the plug-in, its capability, and its heartbeat.
const Name = "attachments"

// plugin is the part that does not depend on a running service.
type plugin struct {
	Options
	allowed map[string]bool // extensions; nil for all
	uploads pending
}

// New makes the plug-in. The resource record, below collection and bucket, must be declared.
func New(o Options) (server.Plugin, error) {
	if err := o.complete(); err != nil {
		return server.Plugin{}, err
	}
	p := &plugin{Options: o, allowed: extensions(o.Extensions)}
	return server.Plugin{
		Name:       Name,
		Capability: p.capability(),
		Checks:     map[string]func(domain.Write) ([]byte, error){"record": p.check},
		Endpoints:  p.endpoints,
		Heartbeats: map[string]func(context.Context) error{Name: p.heartbeat},
		Background: p.collect,
	}, nil
}

// complete fills in defaults.
func (o *Options) complete() error {
	if o.Store == nil {
		return errors.New("attachments need a store")
	}
	if _, err := url.Parse(o.BaseURL); err != nil {
		return fmt.Errorf("the base URL of attachments: %w", err)
	}
	o.BaseURL = folderURL(o.BaseURL)
	o.Folder = strings.Trim(o.Folder, "/")
	for segment := range strings.SplitSeq(o.Folder, "/") {
		if strings.HasPrefix(segment, ".") || segment == "" && o.Folder != "" {
			return fmt.Errorf("the folder of attachments %q must not have a segment that is empty or begins with a dot", o.Folder)
		}
	}
	if len(o.Extensions) == 0 {
		o.Extensions = []string{"default"}
	}
	if o.Rules == nil {
		o.Rules = func(_, _ string) Rules { return Rules{} }
	}
	if o.SweepEvery <= 0 {
		o.SweepEvery = 6 * time.Hour
	}
	if o.Grace <= 0 {
		o.Grace = time.Hour
	}
	return nil
}

// folderURL is a URL with a slash at its end, if there is one.
func folderURL(base string) string {
	if base == "" {
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/"
}

// capability tells a base_url always, if only an empty one: clients put it before locations without looking at it.
func (p *plugin) capability() *server.Capability {
	extra := map[string]any{"version": p.Version}
	for name, value := range p.Extra {
		extra[name] = value
	}
	extra["base_url"] = cmp.Or(folderURL(p.Extra["base_url"]), p.BaseURL)
	return &server.Capability{
		Name: Name, Description: "Add file attachments to records", Extra: extra,
		URL: "https://github.com/Kinto/kinto-attachment/",
	}
}

// endpoints are those of the running service.
func (p *plugin) endpoints(parts server.Parts) ([]web.Endpoint, error) {
	record := parts.Catalog.Resource("record")
	if record == nil {
		return nil, errors.New("there is no resource record to attach files to")
	}
	s := newService(p, parts, record)
	endpoints := []web.Endpoint{{
		Name: "attachment", Path: record.Path + "/{record}/attachment",
		Methods: []web.Method{
			{Name: http.MethodPost, Handle: exposed(s.post)}, {Name: http.MethodDelete, Handle: exposed(parts.Keys.Wrap(s.delete))},
		},
	}}
	if s.serves() {
		endpoints = append(endpoints, web.Endpoint{
			Name: "attachment-file", Path: Path + "{key...}", Public: true,
			Methods: []web.Method{{Name: http.MethodGet, Handle: s.file}},
		})
	}
	return endpoints, nil
}

// heartbeat stores a file and removes it.
func (p *plugin) heartbeat(ctx context.Context) error {
	if p.ReadOnly {
		return nil
	}
	key := hidden + "/heartbeat/" + uuid.NewString()
	if err := p.Store.Put(ctx, key, unknownType, strings.NewReader("alive")); err != nil {
		return err
	}
	return p.Store.Delete(ctx, key)
}
