// Command extended is cmd/api with more: notes in buckets, a rule for records, and a listener. Flags, settings and all else are as
// there. Run it, and try
//
//	curl -u me:secret -X PUT http://127.0.0.1:8888/v1/buckets/home
//	curl -u me:secret -X POST http://127.0.0.1:8888/v1/buckets/home/notes \
//	  -H Content-Type:application/json -d '{"data": {"text": "the key is below the mat"}}'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
)

func main() {
	os.Exit(program.API(program.Extension{
		Plugins:   []server.Plugin{notes},
		Listeners: []listeners.Listener{{Name: "printer", Resources: []string{"note"}, Handle: tell}},
	}))
}

// notes are what the plug-in adds: a resource, and a check of one that Kinto has.
var notes = server.Plugin{
	Name:       "notes",
	Capability: &server.Capability{Name: "notes", Description: "Notes in buckets.", URL: "https://notes.example"},
	Resources: []domain.Resource{{Name: "note", Path: "/buckets/{bucket}/notes", Attributes: []domain.Attribute{
		{Name: "text", Type: domain.Text, Required: true},
	}}},
	Checks: map[string]func(domain.Write) ([]byte, error){"record": titled},
}

// titled refuses records whose title says nothing.
func titled(w domain.Write) ([]byte, error) {
	if title, ok := jsondoc.Lookup(w.Data, "title"); ok && string(title) == `""` {
		return nil, domain.Invalidf(domain.InBody, w.Attribute("title"), "It is empty")
	}
	return w.Data, nil
}

// tell prints what has happened to a note.
func tell(_ context.Context, e listeners.Event) error {
	_, err := fmt.Println(e.Action, e.Object.URI)
	return err
}
