// Command todo is a service of its own: lists of things to do, and the things in them, with everything that Kintolog
// does for a resource. Run it, and try
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
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// todo is the service: what it has, who may begin, and how callers are known.
var todo = server.App{
	Name: "todo", Version: "1.0",
	Resources: []domain.Resource{
		{Name: "list", Path: "/lists"},
		{Name: "item", Path: "/lists/{list}/items", Check: titled, NeedsParent: true},
	},
	Policy:         domain.Policy{Grants: map[string][]string{"list_create": {domain.Authenticated}}},
	Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "keep this one to yourself"})},
}

// titled refuses an item without a title.
func titled(w domain.Write) ([]byte, error) {
	if title, _ := jsondoc.Lookup(w.Data, "title"); jsondoc.KindOf(title) != jsondoc.KindString {
		return nil, domain.Invalidf(domain.InBody, w.Attribute("title"), "a text is needed")
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
