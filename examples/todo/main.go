// Command todo is a service of its own: lists of things to do, and the things in them, with everything that Kintolog
// does for a resource. What else such a service can have is in plugins.go. Run it, and try
//
//	curl -u me:secret -X PUT http://127.0.0.1:8888/v1/lists/home
//	curl -u me:secret -X POST http://127.0.0.1:8888/v1/lists/home/items \
//	  -H Content-Type:application/json -d '{"data": {"title": "water the flowers"}}'
package main

import (
	"context"
	"errors"
	"log"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// todo is the service: what it has, who may begin, and how callers are known.
var todo = server.App{
	Name: "todo", Version: "1.0",
	Resources: []domain.Resource{
		{Name: "list", Path: "/lists", Attributes: []domain.Attribute{
			{Name: "closed", Type: domain.Boolean},
			{Name: "items", Type: domain.Integer, ReadOnly: true}, // how many: see counted
		}},
		{Name: "item", Path: "/lists/{list}/items", NeedsParent: true, Check: whileOpen, Attributes: []domain.Attribute{
			{Name: "title", Type: domain.Text, Required: true},
			{Name: "done", Type: domain.Boolean, Default: false},
		}},
	},
	Policy: domain.Policy{Grants: map[string][]string{"list_create": {domain.Authenticated}}},
	Authenticators: []server.Authentication{
		server.Static(keys{"and this one": "robot"}),
		server.Static(web.BasicAuth{Secret: "keep this one to yourself"}),
	},
	Security: map[string]openapi.Scheme{"key": {Header: "X-Key"}, "basicauth": {}},
	Plugins:  []server.Plugin{visits, position, counted, linked, moving},
}

// whileOpen refuses to add or change items of a list that is closed.
func whileOpen(w domain.Write) ([]byte, error) {
	if closed, _ := jsondoc.Lookup(w.Ancestor("list").Data, "closed"); string(closed) == "true" {
		return nil, domain.Invalidf(domain.InPath, "list", "The list is closed")
	}
	return w.Data, nil
}

func main() {
	service, err := server.Open(context.Background(), todo, server.Config{DataDir: "data"})
	if err != nil {
		log.Fatal(err)
	}
	h := service.HTTPServer()
	h.Addr = "127.0.0.1:8888"
	log.Print(errors.Join(h.ListenAndServe(), service.Close()))
}
