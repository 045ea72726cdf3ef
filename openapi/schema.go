package openapi

import (
	"net/http"
	"strconv"

	"github.com/kintolog/kintolog/domain"
)

func ref(name string) object { return object{"$ref": "#/definitions/" + name} }

// schemas are those that all resources have in common.
func schemas() object {
	text, number := object{"type": "string"}, object{"type": "integer"}
	return object{
		"Permissions": object{"type": "object", "additionalProperties": object{"type": "array", "items": text}},
		// protocol 8.1
		"Error": object{"type": "object", "required": []string{"code", "errno", "error"}, "properties": object{
			"code": number, "errno": number, "error": text, "message": text, "info": text, "details": object{},
		}},
	}
}

// dataOf is the data of an object or tombstone of a resource, which may have any other attributes.
func dataOf(r *domain.Resource) object {
	properties := object{
		"id": object{"type": "string"}, "last_modified": object{"type": "integer"}, "deleted": object{"type": "boolean"},
	}
	if r.Members != nil {
		properties["members"] = object{"type": "array", "items": object{"type": "string"}}
	}
	for _, a := range r.Attributes {
		properties[a.Name] = attribute(a)
	}
	return object{"type": "object", "required": []string{"id", "last_modified"}, "properties": properties}
}

// written is the data of a resource as clients write it.
func written(r *domain.Resource) object {
	data, properties, required := object{"type": "object"}, object{}, []string{}
	for _, a := range r.Attributes {
		properties[a.Name] = attribute(a)
		if a.Required && a.Default == nil && !a.ReadOnly {
			required = append(required, a.Name)
		}
	}
	if len(properties) > 0 {
		data["properties"] = properties
	}
	if len(required) > 0 {
		data["required"] = required
	}
	return data
}

// attribute describes the values of one.
func attribute(a domain.Attribute) object {
	described := object{}
	if a.Type != domain.Any {
		described["type"] = string(a.Type)
	}
	if a.OneOf != nil {
		described["enum"] = a.OneOf
	}
	if a.Default != nil {
		described["default"] = a.Default
	}
	if a.Type == domain.Array {
		described["items"] = object{}
	}
	return described
}

// failures are the answers that all operations have in common.
func failures() object {
	all := object{"default": object{"description": "Failure", "schema": ref("Error")}}
	for _, status := range []int{400, 401, 403, 404, 406, 409, 412, 413, 415} {
		all[strconv.Itoa(status)] = object{"description": http.StatusText(status), "schema": ref("Error")}
	}
	return all
}
