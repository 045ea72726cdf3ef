package accounts

import (
	"context"
	"sync"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
)

// lookup finds the hash of the password of an account in the read model. It may be used concurrently.
type lookup struct {
	load func(context.Context, domain.Needs) (domain.Snapshot, error)
	// position is how far the read model is, as this process has heard.
	position func() domain.Position
	now      func() time.Time

	mu    sync.Mutex
	found map[string]found
}

// found is what was looked up, and what the read model held then.
type found struct {
	hash     string
	position domain.Position
	at       time.Time
}

// maxAge is for how long something found is good for even if the read model does not seem to move: news of it may be
// late, and an operator may repair what is in it.
const maxAge = time.Second

// newLookup looks up what is not known to be as it was: what was found in the read model is true until it moves. Of what
// this process changes it knows before the change is answered. Of what other processes change it hears within
// milliseconds, and does not rely on that for longer than maxAge. What a transaction has not committed counts for nobody.
func newLookup(p server.Parts) *lookup {
	load := func(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
		return p.Read.Load(readapi.WithReader(ctx, nil), needs)
	}
	return &lookup{load: load, now: p.Config.Now, position: p.Progress.Position, found: map[string]found{}}
}

// hashOf is the hash of the password of an account, "" if there is no such account. It may be known, and then of a moment
// ago.
func (l *lookup) hashOf(ctx context.Context, user string) (hash string, known bool, err error) {
	if hash, ok := l.recent(user); ok {
		return hash, true, nil
	}
	hash, err = l.read(ctx, user)
	return hash, false, err
}

// read is the hash as it is now.
func (l *lookup) read(ctx context.Context, user string) (string, error) {
	u, start := plural.Object(user), l.now()
	snapshot, err := l.load(ctx, domain.Needs{Objects: []domain.URI{u}})
	if err != nil {
		return "", err
	}
	f := found{position: snapshot.Position, at: start}
	if o := snapshot.Objects[u]; o.Live() {
		f.hash = jsondoc.LookupString(o.Data, "password")
	}
	l.keep(user, f)
	return f.hash, nil
}

func (l *lookup) recent(user string) (hash string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.found[user]
	return f.hash, ok && l.position() <= f.position && l.now().Sub(f.at) < maxAge
}

// maxFound bounds how many accounts are kept.
const maxFound = 10_000

// keep replaces what was found earlier. When there is no room, everything is forgotten, and soon found again.
func (l *lookup) keep(user string, f found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.found) >= maxFound {
		clear(l.found)
	}
	l.found[user] = f
}
