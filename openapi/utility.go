package openapi

import (
	"net/http"
	"strings"

	"github.com/kintolog/kintolog/web"
)

// utilityOperation describes a method of an endpoint that is no resource's. What is not known by name answers with
// anything.
func utilityOperation(e *web.Endpoint, method string) operation {
	o, known := utilities()[method+" "+e.Name]
	if !known {
		o = operation{
			id:        strings.ToLower(method) + "_" + strings.ReplaceAll(e.Name, "-", "_"),
			responses: object{"default": object{"description": "Any"}},
		}
	}
	if o.tag == "" {
		o.tag = "Utilities"
	}
	return o
}

// utilities are those of every service, and of plug-ins that clients know the operations of.
func utilities() map[string]operation {
	anything := object{"type": "object"}
	checks := anything // true, false or null by name
	list := object{"type": "object", "required": []string{"data"}, "properties": object{
		"data": object{"type": "array", "items": anything},
	}}
	return map[string]operation{
		"GET hello":       {id: "server_info", open: true, responses: answers(object{"200": helloSchema()})},
		"GET heartbeat":   {id: "__heartbeat__", responses: answers(object{"200": checks, "503": checks})},
		"GET lbheartbeat": {id: "__lbheartbeat__", responses: answers(object{"200": anything})},
		"GET version":     {id: "__version__", responses: answers(object{"200": anything}, 404)},
		"GET contribute":  {id: "contribute", responses: answers(object{"200": anything}, 404)},
		"GET openapi":     {id: "get_openapi_spec", responses: answers(object{"200": anything})},
		"GET counters":    {id: "get_counters", responses: answers(object{"200": anything})},
		"GET metrics": {
			id: "get_metrics", produces: []string{"text/plain"}, responses: answers(object{"200": object{"type": "string"}}),
		},
		"POST batch": {
			id: "batch", tag: "Batch", parameters: []object{{"name": "body", "in": "body", "required": true, "schema": batchSchema()}},
			responses: answers(object{"200": object{"type": "object", "required": []string{"responses"}, "properties": object{
				"responses": object{"type": "array", "items": object{
					"type": "object", "required": []string{"status", "path", "headers"}, "properties": object{
						"status": object{"type": "integer"}, "path": object{"type": "string"}, "body": object{},
						"headers": object{"type": "object", "additionalProperties": object{"type": "string"}},
					},
				}},
			}}}, 400, 409, 413, 415),
		},
		"POST flush": {id: "create_flush", tag: "Flush", open: true, responses: answers(object{"202": anything})},
		"GET permissions-plural": {
			id: "get_permissionss", tag: "Permissionss", parameters: query(),
			responses: answers(object{"200": list, "304": nil}, 400, 401, 403),
		},
		"DELETE user-data-object": {
			id: "delete_user-data", tag: "User-datas", responses: answers(object{"200": anything}, 400, 401, 403),
		},
		"GET snapshot": {
			id: "get_history_snapshot", tag: "History", responses: answers(object{"200": list, "304": nil}, 400, 401, 403, 404),
		},
	}
}

// helloSchema is that of the root endpoint (protocol 6.1).
func helloSchema() object {
	text, anything := object{"type": "string"}, object{"type": "object"}
	return object{
		"type":     "object",
		"required": []string{"project_name", "project_version", "http_api_version", "project_docs", "url", "settings", "capabilities"},
		"properties": object{
			"project_name": text, "project_version": text, "http_api_version": text, "project_docs": text, "url": text,
			"eos": text, "settings": anything, "user": anything,
			"capabilities": object{"type": "object", "additionalProperties": object{
				"type": "object", "required": []string{"description", "url"}, "properties": object{"description": text, "url": text},
			}},
		},
	}
}

// batchSchema is that of the body of a batch (protocol 6.11).
func batchSchema() object {
	text := object{"type": "string"}
	request := object{
		"method": object{"type": "string", "enum": []string{
			http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodPatch, http.MethodPost, http.MethodPut,
		}},
		"path": text, "headers": object{"type": "object"}, "body": object{},
	}
	return object{"type": "object", "required": []string{"requests"}, "properties": object{
		"defaults": object{"type": "object", "properties": request},
		"requests": object{"type": "array", "items": object{"type": "object", "properties": request}},
	}}
}
