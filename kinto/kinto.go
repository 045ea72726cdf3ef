package kinto

import "github.com/kintolog/kintolog/domain"

// Resources are those of Kinto (protocol 1.1), parents before children.
func Resources() []domain.Resource {
	return []domain.Resource{
		{
			Name: "bucket", Path: "/buckets",
			Permissions: []string{"read", "write", "collection:create", "group:create"},
		},
		{
			Name: "group", Path: "/buckets/{bucket}/groups",
			Members: groupMembers, Check: checkGroup,
		},
		{
			Name: "collection", Path: "/buckets/{bucket}/collections",
			Check: checkCollection,
		},
		{
			Name: "record", Path: "/buckets/{bucket}/collections/{collection}/records",
			IDs: domain.RelaxedUUIDs, NeedsParent: true,
		},
	}
}
