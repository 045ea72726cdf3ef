package history

import (
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
)

// Options of the plug-in.
type Options struct {
	// ExcludeResources are URIs of objects that have no history, nor has anything below them
	// (history.exclude_resources).
	ExcludeResources []string
	// ExcludeUserIDs are prefixed user ids of those whose changes are left out (history.exclude_user_ids).
	ExcludeUserIDs []string
	// Trim, if set, forgets old entries.
	Trim *Trim
}

// Trim forgets the oldest entries about objects of one resource in one bucket, without tombstones, down to MaxCount, as soon
// as there are more than MaxCount and Threshold together.
type Trim struct {
	MaxCount  int // history.auto_trim_max_count
	Threshold int // history.auto_trim_threshold
	// UserIDs, if there are any, are the only ones whose entries are forgotten, and those of each are counted
	// on their own (history.auto_trim_user_ids).
	UserIDs []string
}

// New makes the plug-in, for the resources of package kinto.
func New(o Options) server.Plugin {
	return server.Plugin{
		Name:       "history",
		Capability: o.capability(),
		Resources:  []domain.Resource{o.resource()},
		Endpoints:  endpoints,
	}
}

func (o Options) capability() *server.Capability {
	extra := map[string]any{}
	if o.Trim != nil {
		extra["auto_trim_max_count"] = o.Trim.MaxCount
		if len(o.Trim.UserIDs) > 0 {
			extra["auto_trim_user_ids"] = o.Trim.UserIDs
		}
	}
	if len(o.ExcludeResources) > 0 {
		extra["excluded_resources"] = o.excluded()
	}
	return &server.Capability{
		Name: "history", URL: "https://kinto.readthedocs.io/en/latest/api/1.x/history.html",
		Description: "Every change in a bucket is kept, and collections can be read as they were.", Extra: extra,
	}
}

// excluded are the resources without history, each by the ids in its URI.
func (o Options) excluded() []map[string]string {
	var all []map[string]string
	for _, u := range o.ExcludeResources {
		ids := map[string]string{}
		segments := strings.Split(strings.Trim(u, "/"), "/")
		for i := 0; i+1 < len(segments); i += 2 {
			ids[strings.TrimSuffix(segments[i], "s")] = segments[i+1]
		}
		all = append(all, ids)
	}
	return all
}

// resource declares the entries. Nobody can write them; those who may write the bucket can delete them.
func (o Options) resource() domain.Resource {
	derivation := &domain.Derivation{Into: o.into, Needs: needs, Derive: derive}
	if o.Trim != nil {
		derivation.Bound = o.Trim.bound
	}
	return domain.Resource{
		Name: "history", Path: "/buckets/{bucket}/history",
		Attributes: []domain.Attribute{
			{Name: "action"},
			{Name: "date"},
			{Name: "resource_name"},
			{Name: "target"},
			{Name: "uri"},
			{Name: "user_id"},
			{Name: "bucket_id", Type: domain.Text},
			{Name: "collection_id", Type: domain.Text},
			{Name: "group_id", Type: domain.Text},
			{Name: "record_id", Type: domain.Text},
		},
		PluralMethods: []string{"GET", "DELETE"},
		ObjectMethods: []string{},
		Derivation:    derivation,
	}
}
