package attachments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/server"
)

// collector removes files that no record refers to. It looks at marks, never at files, and asks the read model
// whether the record of a mark still refers to its file.
//
// A file is safe from it while its upload is under way: the uploads of this process are known, and where there may be
// other processes a file has to reach an age that no upload reaches.
type collector struct {
	*plugin
	parts server.Parts
	log   identity
	grace time.Duration // 0 if this process alone uploads
}

// retry is the pause before the collector tries again what failed.
const retry = 5 * time.Second

// collect runs until ctx ends: through all marks at first and from time to time, and otherwise where
// something has changed. Of what happens while it does not run it learns from the marks.
func (p *plugin) collect(ctx context.Context, parts server.Parts) {
	if p.ReadOnly {
		return
	}
	c := &collector{plugin: p, parts: parts, log: identity{log: parts.Log}}
	if parts.Config.Log.URL != "" {
		c.grace = p.Grace
	}
	for ctx.Err() == nil {
		next, cancel := context.WithTimeout(ctx, p.SweepEvery)
		err := c.run(next)
		if err != nil && next.Err() == nil {
			parts.Config.Logger.WithContext(ctx).WithError(err).Warn("attachments are not collected, trying again")
			pause(ctx, min(retry, p.SweepEvery))
		}
		cancel()
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// run looks through all marks, and then follows the log.
func (c *collector) run(ctx context.Context) error {
	tail, err := c.parts.Log.Tail(ctx)
	if err != nil {
		return err
	}
	if err := c.look(ctx, tail.Position, ""); err != nil {
		return err
	}
	for entry, err := range c.parts.Log.Follow(ctx, tail.Position) {
		if err != nil {
			return err
		}
		for _, e := range entry.Events {
			c.uploads.learn(e.Object, entry.Position)
		}
		for _, u := range c.changed(entry) {
			if err := c.look(ctx, entry.Position, u); err != nil {
				c.report(ctx, err, u)
			}
		}
	}
	return ctx.Err()
}

func (c *collector) report(ctx context.Context, err error, u domain.URI) {
	if ctx.Err() == nil {
		c.parts.Config.Logger.WithContext(ctx).WithError(err).WithField("uri", u).
			Warn("files of attachments are left for later")
	}
}

// many deletions in one plural endpoint are looked at together.
const many = 100

// changed is at or below what there may be files that are not needed any more since an entry; "" is everything.
func (c *collector) changed(entry eventstore.Entry) []domain.URI {
	var changed []domain.URI
	for _, e := range entry.Events {
		_, describes := jsondoc.Lookup(e.Object.Data, Attribute)
		switch {
		case e.Action == domain.Flushed:
			return []domain.URI{""}
		case e.Action == domain.Deleted && (e.Cascade || e.Resource == "record"),
			e.Action == domain.Updated && e.Resource == "record" && describes:
			changed = append(changed, e.Object.URI)
		}
	}
	if len(changed) > many {
		return []domain.URI{domain.URI(entry.Plural)}
	}
	return changed
}

// batch is how many records are asked for at once.
const batch = 500

// look removes what is not needed at or below an object, as of a position of the log or later.
func (c *collector) look(ctx context.Context, position domain.Position, under domain.URI) error {
	log, err := c.log.get(ctx)
	if errors.Is(err, errEmptyLog) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find out which log it is: %w", err)
	}
	if err := c.parts.Progress.Wait(ctx, position); err != nil {
		return err
	}
	old := time.Now().Add(-c.grace)
	var marks []mark
	err = c.Store.List(ctx, folder(log, under), func(e Entry) error {
		m, ok := parseMark(e.Key)
		if !ok || c.grace > 0 && e.Modified.After(old) {
			return nil
		}
		if marks = append(marks, m); len(marks) < batch {
			return nil
		}
		full := marks
		marks = nil
		return c.judge(ctx, full)
	})
	if err != nil {
		return fmt.Errorf("look through the marks of attachments: %w", err)
	}
	return c.judge(ctx, marks)
}

// judge removes the files among these that are not needed. Uploads are asked before the read model: one that is finished by
// then can be read there, as Read answers from no earlier state, also if the read model has gone back to one.
func (c *collector) judge(ctx context.Context, marks []mark) error {
	readable := c.parts.Progress.Position()
	marks = slices.DeleteFunc(marks, func(m mark) bool {
		return c.uploads.has(m.key, readable) || c.kept(m.record)
	})
	if len(marks) == 0 {
		return nil
	}
	uncertain, err := c.quarantined(ctx)
	if err != nil {
		return err
	}
	var needs domain.Needs
	for _, m := range marks {
		needs.Objects = append(needs.Objects, m.record)
	}
	snapshot, err := c.parts.Read.Load(ctx, needs.Distinct())
	if err != nil {
		return err
	}
	for _, m := range marks {
		if uncertain[m.record] || refers(snapshot.Objects[m.record], m.key) {
			continue
		}
		if err := c.remove(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// quarantined are the objects of which the read model does not have the latest state.
func (c *collector) quarantined(ctx context.Context) (map[domain.URI]bool, error) {
	rows, err := c.parts.Model.Quarantined(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	all := map[domain.URI]bool{}
	for _, row := range rows {
		all[row.URI] = true
	}
	return all, nil
}

// kept tells whether old files of a record's collection are kept.
func (c *collector) kept(record domain.URI) bool {
	collection := record.Plural().Parent()
	bucket := collection.Plural().Parent()
	return c.Rules(bucket.ID(), collection.ID()).KeepOldFiles
}

// refers tells whether an object has the file, wherever files were to be found when it got it.
func refers(o domain.Object, key string) bool {
	if !o.Live() {
		return false
	}
	location := jsondoc.LookupString(o.Data, Attribute, "location")
	return location == escaped(key) || strings.HasSuffix(location, "/"+escaped(key))
}
