package attachments

import (
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// pending are the uploads of this process that a reader of the read model cannot know of yet. The zero value is ready.
type pending struct {
	mu      sync.Mutex
	uploads map[string]*upload // by key
}

// upload is a file on its way.
type upload struct {
	key      string
	record   domain.URI
	metadata []byte          // what the record will say, nil as long as that is not known
	position domain.Position // of the commit, 0 as long as none is known
}

// begin announces an upload. Nobody else has its key, but one that is over, and may not know it yet, may have had it.
func (p *pending) begin(key string, record domain.URI) *upload {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.uploads == nil {
		p.uploads = map[string]*upload{}
	}
	u := &upload{key: key, record: record}
	p.uploads[key] = u
	return u
}

// describe tells what the record will say of the file.
func (p *pending) describe(u *upload, metadata []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.metadata = metadata
}

// commit tells where in the log the record says it.
func (p *pending) commit(u *upload, position domain.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.position = position
}

// learn commits the upload that an object of the log has the file of. The log may tell so before the upload itself does.
func (p *pending) learn(o domain.Object, position domain.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, u := range p.uploads {
		if u.record == o.URI && u.position == 0 && refers(o, key) {
			u.position = position
		}
	}
}

// forget ends an upload that came to nothing; nil is none.
func (p *pending) forget(u *upload) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u != nil && p.uploads[u.key] == u {
		delete(p.uploads, u.key)
	}
}

// has tells whether a key is that of an upload, given how far the read model is.
func (p *pending) has(key string, readable domain.Position) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.uploads[key]
	if u != nil && u.position > 0 && u.position <= readable {
		delete(p.uploads, key)
		return false
	}
	return u != nil
}

// settle forgets all uploads that are readable.
func (p *pending) settle(readable domain.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, u := range p.uploads {
		if u.position > 0 && u.position <= readable {
			delete(p.uploads, key)
		}
	}
}

// made tells whether an upload is about to write the metadata into the record.
func (p *pending) made(record domain.URI, metadata []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.uploads {
		if u.record == record && u.metadata != nil && u.position == 0 && jsondoc.Equal(u.metadata, metadata) {
			return true
		}
	}
	return false
}
