package attachments

import (
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Attribute is the one in which a record describes its file.
const Attribute = "attachment"

// check refuses to change what a record says of its file into something else, unless an upload does that. To remove
// it is allowed.
func (p *plugin) check(w domain.Write) ([]byte, error) {
	before, _ := jsondoc.Lookup(w.Old.Data, Attribute)
	after, _ := jsondoc.Lookup(w.Data, Attribute)
	if empty(before) || empty(after) || jsondoc.Equal(before, after) || p.uploads.made(w.URI, after) {
		return w.Data, nil
	}
	return nil, domain.Invalidf(domain.InBody, nil, "Attachment metadata cannot be modified.")
}

// empty tells a value that says nothing.
func empty(value []byte) bool {
	switch string(value) {
	case "", "null", "false", "0", `""`, "[]", "{}":
		return true
	}
	return false
}
