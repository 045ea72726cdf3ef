package openapi

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/kintolog/kintolog/web"
)

// Info is what a description says of the service as a whole.
type Info struct {
	Title, Version string
	// Prefix is the path that all others begin with, such as "/v1".
	Prefix string
	// Security is how callers can identify themselves, by name.
	Security map[string]Scheme
	// ReadOnly leaves out what changes anything.
	ReadOnly bool
}

// Scheme is a way to identify oneself. The zero Scheme is HTTP Basic.
type Scheme struct {
	// AuthorizationURL is where the provider of an OAuth 2 login asks users.
	AuthorizationURL string
	// Header is that which carries a key.
	Header string
}

// Description of a service. It is immutable.
type Description struct {
	info   Info
	paths  object
	tags   []object
	schema object
}

// object is a JSON object.
type object = map[string]any

// New describes endpoints. HEAD and OPTIONS, which all paths have, are left out. Two operations with the same id are an
// error.
func New(info Info, endpoints []web.Endpoint) (*Description, error) {
	d := &Description{info: info, paths: object{}, schema: schemas()}
	ids := map[string]string{}
	resources := map[string]bool{}
	for _, e := range endpoints {
		if e.Resource != nil {
			resources[e.Resource.Name] = true
		}
	}
	for i := range endpoints {
		e := &endpoints[i]
		operations := object{}
		for _, m := range e.Methods {
			if m.Name == http.MethodHead || info.ReadOnly && m.Name != http.MethodGet {
				continue
			}
			described := d.operation(e, m.Name).describe()
			maps.Copy(described, m.Operation)
			id := fmt.Sprint(described["operationId"])
			if other, taken := ids[id]; taken {
				return nil, fmt.Errorf("describe endpoint %q: the operation %s is that of %s", e.Name, id, other)
			}
			ids[id] = e.Path
			operations[strings.ToLower(m.Name)] = described
			if tags, ok := described["tags"].([]string); ok {
				d.tag(tags...)
			}
		}
		if len(operations) > 0 {
			path, parameters := template(e.Path, resources)
			operations["parameters"] = parameters
			d.paths[path] = operations
		}
	}
	return d, nil
}

// At is the JSON of the document for clients that know the service at a URL of scheme and host, such as
// "https://example.com:8888".
func (d *Description) At(base string) ([]byte, error) {
	scheme, host, _ := strings.Cut(base, "://")
	return json.Marshal(object{
		"swagger": "2.0", "info": object{"title": d.info.Title, "version": d.info.Version},
		"host": host, "schemes": []string{scheme}, "basePath": d.info.Prefix,
		"consumes": []string{jsonType}, "produces": []string{jsonType},
		"securityDefinitions": d.securityDefinitions(), "tags": d.tags,
		"definitions": d.schema, "responses": failures(), "paths": d.paths,
	}, json.Deterministic(true))
}

const jsonType = "application/json"

func (d *Description) tag(names ...string) {
	for _, name := range names {
		if !slices.ContainsFunc(d.tags, func(o object) bool { return o["name"] == name }) {
			d.tags = append(d.tags, object{"name": name})
		}
	}
}

func (d *Description) securityDefinitions() object {
	all := object{}
	for name, s := range d.info.Security {
		switch {
		case s.AuthorizationURL != "":
			all[name] = object{
				"type": "oauth2", "flow": "implicit", "scopes": object{}, "authorizationUrl": s.AuthorizationURL,
			}
		case s.Header != "":
			all[name] = object{"type": "apiKey", "in": "header", "name": s.Header}
		default:
			all[name] = object{"type": "basic"}
		}
	}
	return all
}

// security of an operation that may need to know who calls: any of the schemes.
func (d *Description) security() []object {
	all := []object{}
	for _, name := range slices.Sorted(maps.Keys(d.info.Security)) {
		all = append(all, object{name: []string{}})
	}
	return all
}

// operation describes one method of an endpoint.
func (d *Description) operation(e *web.Endpoint, method string) operation {
	var o operation
	if e.Resource != nil && e.Kind != web.Utility {
		d.schema[e.Resource.Name] = dataOf(e.Resource)
		o = resourceOperation(e, method)
	} else {
		o = utilityOperation(e, method)
	}
	if o.security = []object{}; !e.Public && !o.open {
		o.security = d.security()
	}
	return o
}

// operation is a method as it is described.
type operation struct {
	id, tag    string
	open       bool // to all, whoever calls
	consumes   []string
	produces   []string
	parameters []object
	responses  object
	security   []object
}

func (o operation) describe() object {
	described := object{"operationId": o.id, "tags": []string{o.tag}, "responses": o.responses, "security": o.security}
	if len(o.parameters) > 0 {
		described["parameters"] = o.parameters
	}
	if o.consumes != nil {
		described["consumes"] = o.consumes
	}
	if o.produces != nil {
		described["produces"] = o.produces
	}
	return described
}

// braces finds the parameters of a path, which may say in their own ways that they take what follows.
var braces = regexp.MustCompile(`\{([A-Za-z0-9_-]+)[^}]*\}`)

// template is the path with its parameters as OpenAPI writes them. The id of an object has the name that it has in events
// and history, such as bucket_id.
func template(path string, resources map[string]bool) (string, []object) {
	parameters := []object{}
	path = braces.ReplaceAllStringFunc(path, func(match string) string {
		name := braces.FindStringSubmatch(match)[1]
		if resources[name] {
			name += "_id"
		}
		parameters = append(parameters, object{"name": name, "in": "path", "required": true, "type": "string"})
		return "{" + name + "}"
	})
	return path, parameters
}
