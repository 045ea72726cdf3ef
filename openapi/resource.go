package openapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/web"
)

// resourceOperation describes a method of a resource (protocol section 2).
func resourceOperation(e *web.Endpoint, method string) operation {
	r := e.Resource
	plural := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	singular := r.Name
	if singular == plural {
		singular += "_entry"
	}
	o := operation{tag: capitalised(plural)}
	if e.Kind == web.PluralEndpoint {
		o.id, o.parameters, o.responses = pluralOperation(method, singular, plural, ref(r.Name))
	} else {
		o.id, o.parameters, o.responses = objectOperation(method, singular, ref(r.Name))
	}
	switch method {
	case http.MethodPost, http.MethodPut:
		o.parameters = append(o.parameters, body(written(r)))
	case http.MethodPatch:
		// It may be a list of operations.
		o.parameters = append(o.parameters, object{"name": "body", "in": "body", "schema": object{}})
		o.consumes = []string{jsonType, "application/merge-patch+json", "application/json-patch+json"}
	}
	return o
}

func pluralOperation(method, singular, plural string, data object) (id string, parameters []object, responses object) {
	list := object{"type": "object", "required": []string{"data"}, "properties": object{
		"data": object{"type": "array", "items": data},
	}}
	switch method {
	case http.MethodPost:
		return "create_" + singular, conditions(),
			answers(object{"200": one(data), "201": one(data)}, 400, 401, 403, 404, 406, 409, 412, 413, 415)
	case http.MethodDelete:
		return "delete_" + plural, append(conditions(), query()...),
			answers(object{"200": list}, 400, 401, 403, 404, 406, 412)
	default:
		return strings.ToLower(method) + "_" + plural, append(conditions(), query()...),
			answers(object{"200": list, "304": nil}, 400, 401, 403, 404, 406, 412)
	}
}

func objectOperation(method, singular string, data object) (id string, parameters []object, responses object) {
	switch method {
	case http.MethodPut:
		return "update_" + singular, conditions(),
			answers(object{"200": one(data), "201": one(data)}, 400, 401, 403, 404, 406, 409, 412, 413, 415)
	case http.MethodPatch:
		some := object{"type": "object", "required": []string{"data"}, "properties": object{
			"data": object{"type": "object"}, "permissions": ref("Permissions"),
		}}
		behavior := object{"name": "Response-Behavior", "in": "header", "type": "string", "enum": []string{"full", "light", "diff"}}
		return "patch_" + singular, append(conditions(), behavior),
			answers(object{"200": some}, 400, 401, 403, 404, 406, 409, 412, 413, 415)
	case http.MethodDelete:
		deleted := object{"type": "object", "required": []string{"data"}, "properties": object{"data": data}}
		return "delete_" + singular, append(conditions(), moment("last_modified")),
			answers(object{"200": deleted}, 400, 401, 403, 404, 406, 412)
	default:
		return strings.ToLower(method) + "_" + singular, append(conditions(), parameter("_fields", "string")),
			answers(object{"200": one(data), "304": nil}, 400, 401, 403, 404, 406, 412)
	}
}

// one is the answer with an object; its permissions are left out of projections.
func one(data object) object {
	return object{"type": "object", "required": []string{"data"}, "properties": object{
		"data": data, "permissions": ref("Permissions"),
	}}
}

// conditions are the headers with preconditions.
func conditions() []object {
	return []object{
		{"name": "If-Match", "in": "header", "type": "string", "pattern": etags},
		{"name": "If-None-Match", "in": "header", "type": "string", "pattern": etags},
	}
}

// etags and times are how preconditions and parameters name a moment.
const (
	etags = `^("[0-9]+"|\*)$`
	times = `^"?[0-9]+"?$`
)

// query are the parameters of lists with a name of their own; names of attributes filter (protocol 3.1).
func query() []object {
	return []object{
		parameter("_limit", "integer"), parameter("_token", "string"), parameter("_sort", "string"), parameter("_fields", "string"),
		moment("_since"), moment("_before"), moment("_to"),
	}
}

func moment(name string) object {
	return object{"name": name, "in": "query", "type": "string", "pattern": times}
}

func parameter(name, kind string) object {
	return object{"name": name, "in": "query", "type": kind}
}

// body is that of a write of an object with such data.
func body(data object) object {
	return object{"name": "body", "in": "body", "schema": object{"type": "object", "properties": object{
		"data": data, "permissions": ref("Permissions"),
	}}}
}

// answers are the schemas by status, nil for no body, and the failures.
func answers(schemas object, failures ...int) object {
	all := object{"default": object{"$ref": "#/responses/default"}}
	for status, schema := range schemas {
		code, _ := strconv.Atoi(status)
		described := object{"description": http.StatusText(code)}
		if schema != nil {
			described["schema"] = schema
		}
		all[status] = described
	}
	for _, status := range failures {
		all[strconv.Itoa(status)] = object{"$ref": "#/responses/" + strconv.Itoa(status)}
	}
	return all
}

func capitalised(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
