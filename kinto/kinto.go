package kinto

import (
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/schema"
)

// Options change what the resources check.
type Options struct {
	// SchemaValidation validates objects against the JSON schemas of their collection and bucket (setting
	// experimental_collection_schema_validation). Schemas themselves are checked in any case. Default false.
	SchemaValidation bool
}

// Resources are those of Kinto (protocol 1.1), parents before children. Without options they are as the zero Options say;
// of several, the last counts.
func Resources(options ...Options) []domain.Resource {
	schemas := schema.New()
	var group, collection, record check
	if len(options) > 0 && options[len(options)-1].SchemaValidation {
		group, collection, record = schemas.CheckGroup, schemas.CheckCollection, schemas.CheckRecord
	}
	return []domain.Resource{
		{
			Name: "bucket", Path: "/buckets",
			Permissions: []string{"read", "write", "collection:create", "group:create"},
			Validate:    documents(schemas, "collection:schema", "group:schema", "record:schema"),
		},
		{
			Name: "group", Path: "/buckets/{bucket}/groups",
			Members: groupMembers, Validate: validateGroup, Check: group,
		},
		{
			Name: "collection", Path: "/buckets/{bucket}/collections",
			Validate: chain(validateCollection, documents(schemas, "schema")), Check: collection,
		},
		{
			Name: "record", Path: "/buckets/{bucket}/collections/{collection}/records",
			IDs: domain.RelaxedUUIDs, NeedsParent: true,
			Check: record,
		},
	}
}

type check = func(domain.Write) ([]byte, error)

// documents is the check that the attributes, where they are there, are schemas.
func documents(schemas *schema.Checker, attributes ...string) check {
	return func(w domain.Write) ([]byte, error) {
		if err := schemas.CheckDocuments(w, attributes...); err != nil {
			return nil, err
		}
		return w.Data, nil
	}
}

// chain is one check after another; each gets the data that the one before returned, and the first error is the result.
func chain(checks ...check) check {
	return func(w domain.Write) ([]byte, error) {
		for _, check := range checks {
			data, err := check(w)
			if err != nil {
				return nil, err
			}
			w.Data = data
		}
		return w.Data, nil
	}
}
