package attachments

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// post attaches a file to a record, which is created if it is not there: who may not is refused first, then the
// file is stored, and then the record says so.
func (s *service) post(w http.ResponseWriter, r *web.Request) error {
	a := &attaching{service: s, target: s.target(r), r: r}
	c := s.command(r, a.uri)
	if err := s.permitted(r, c); err != nil {
		return err
	}
	if c.Problem != nil {
		return c.Problem
	}
	if !s.record.IDs.Valid(a.uri.ID()) {
		return domain.InvalidID()
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Grace/2)
	defer cancel()
	f, err := s.form(w, r, a.rules)
	if err == nil {
		err = f.read(func(part *multipart.Part) error { return a.store(ctx, f, part) })
		f.body.done()
	}
	if err == nil {
		err = a.describe(c, f)
	}
	var outcome writeapi.Outcome
	if err == nil {
		outcome, err = a.commit(w, c, f)
	}
	return a.end(outcome, err)
}

// delete detaches the file of a record. The file itself is left to the collector.
func (s *service) delete(w http.ResponseWriter, r *web.Request) error {
	c := s.command(r, s.target(r).uri)
	c.Data = jsondoc.With(nil, jsondoc.Field{Name: Attribute, Value: []byte("null")})
	var result domain.Result
	outcome, err := s.parts.Write.Do(r.Context(), c.Needs(), func(tx *writeapi.Tx) (err error) {
		result, err = tx.Execute(c)
		return err
	})
	if err != nil {
		return err
	}
	answered(w, result, outcome)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// exposed lets web pages of other origins see what they see of writes of the record itself.
func exposed(handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *web.Request) error {
		w.Header().Set("Access-Control-Expose-Headers", rest.Exposed(rest.ObjectEndpoint, r.Method))
		return handle(w, r)
	}
}

// command is that of a request: to patch a record.
func (s *service) command(r *web.Request, u domain.URI) *domain.Command {
	c := &domain.Command{
		Verb: domain.Patch, PatchKind: domain.MergeAttributes, Resource: s.record, URI: u, Caller: r.Caller, Origin: r.Origin(),
	}
	c.Precondition, c.Problem = rest.ParsePrecondition(r.Header)
	return c
}

// do carries out a command, which creates the record if there is none.
func (s *service) do(r *web.Request, c *domain.Command) (result domain.Result, outcome writeapi.Outcome, err error) {
	outcome, err = s.parts.Write.Do(r.Context(), c.Needs(), func(tx *writeapi.Tx) error {
		snapshot, err := tx.Load(r.Context(), domain.Needs{Objects: []domain.URI{c.URI}})
		if err != nil {
			return err
		}
		if c.Verb = domain.Put; snapshot.Objects[c.URI].Live() {
			c.Verb = domain.Patch
		}
		result, err = tx.Execute(c)
		return err
	})
	return result, outcome, err
}

// permitted is the error for a caller who may not carry out the command. Nothing happens.
func (s *service) permitted(r *web.Request, c *domain.Command) error {
	rehearsal := *c
	rehearsal.Problem = &domain.Error{Code: domain.Invalid} // what those are told who may
	_, _, err := s.do(r, &rehearsal)
	if problem, ok := errors.AsType[*domain.Error](err); ok && problem == rehearsal.Problem {
		return nil
	}
	return err
}

// form is the one in the body of a request.
func (s *service) form(w http.ResponseWriter, r *web.Request, rules Rules) (*form, error) {
	b, err := boundary(r.Header)
	if err != nil {
		return nil, err
	}
	body := &limited{
		Reader: r.Body, control: http.NewResponseController(w), patience: s.parts.Config.Web.WithDefaults().Limits.BodyTime,
		left: 2*rules.MaxSize + 2*s.maxBody + 1<<20, // what measured.refusal reads at most, and the fields
		end:  time.Now().Add(s.Grace / 2),
	}
	return &form{parts: multipart.NewReader(body, b), body: body, fields: map[string][]byte{}, maxField: s.maxBody}, nil
}

// answered sets the headers that tell of a write.
func answered(w http.ResponseWriter, result domain.Result, outcome writeapi.Outcome) {
	rest.SetTimestamp(w.Header(), result.Timestamp)
	writeapi.Mark(w, outcome)
}

// attaching is one upload.
type attaching struct {
	*service
	target
	r        *web.Request
	mark     mark // its key is empty as long as nothing is stored
	upload   *upload
	metadata []byte
	replayed bool // the record has another file, of the same request
}

// commit makes the record say that it has the file, and answers. A request that was sent again is answered as before.
func (a *attaching) commit(w http.ResponseWriter, c *domain.Command, f *form) (outcome writeapi.Outcome, err error) {
	write := func(w http.ResponseWriter, r *web.Request) (err error) {
		attempt := *c
		var result domain.Result
		if result, outcome, err = a.do(r, &attempt); err != nil {
			return err
		}
		w.Header().Set("Location", r.Absolute(a.prefix+string(a.uri)))
		answered(w, result, outcome)
		status := http.StatusOK
		if result.Created {
			status = http.StatusCreated
		}
		web.WriteDocument(w, status, a.metadata)
		return nil
	}
	if !idempotency.Given(a.r.Header) {
		err = write(w, a.r)
		return outcome, err
	}
	// The same form has the same content, but for the place of the file, which is a new one each time.
	content := jsondoc.With(a.metadata, jsondoc.Field{Name: "location", Value: []byte("null")})
	outcome, a.replayed, err = a.parts.Keys.Carry(w, a.r, append(content, f.envelope()...), write)
	return outcome, err
}

// store stores the file.
func (a *attaching) store(ctx context.Context, f *form, part *multipart.Part) error {
	name := baseName(part.FileName())
	switch {
	case name == "":
		return invalid("Filename is required.")
	case len(name) > 255:
		return invalid("The name of the file is longer than 255 bytes.")
	case a.allowed != nil && !a.allowed[extension(name)]:
		return invalid("File extension is not allowed.")
	}
	log, err := a.log.get(ctx)
	if err != nil {
		return unavailable(err)
	}
	if a.mark, err = a.reserve(ctx, log, name); err != nil {
		return unavailable(err)
	}
	kind := a.mimeType(name, part.Header.Get("Content-Type"))
	file := newMeasured(part, a.rules.MaxSize)
	if err := a.put(ctx, file, kind); err != nil {
		if file.err != nil {
			return f.broken(file.err)
		}
		return err
	}
	a.metadata = metadata(name, a.location(a.r, a.mark.key), kind, file)
	a.uploads.describe(a.upload, a.metadata)
	return nil
}

// reserve chooses a key that no other file has or gets.
func (a *attaching) reserve(ctx context.Context, log, name string) (mark, error) {
	stem, dotted := safeName(name)
	if !a.rules.KeepNames || stem == "" {
		stem, dotted = uuid.NewString(), strings.ToLower(dotted)
	}
	if a.rules.Pattern != "" {
		stem, dotted = safeName(a.patterned(stem + dotted))
	}
	m := mark{log: log, record: a.uri, key: a.folder + stem + dotted}
	if !a.rules.KeepNames && a.rules.Pattern == "" {
		a.upload = a.uploads.begin(m.key, a.uri)
		return m, nil
	}
	for m.key = a.folder + stem + dotted; ; m.key = a.folder + stem + "-" + uuid.NewString()[:8] + dotted {
		if free, err := a.claim(ctx, m); err != nil || free {
			return m, err
		}
	}
}

// patterned is the name that the operator wants for a file with this one.
func (a *attaching) patterned(name string) string {
	now := a.parts.Config.Now().UTC().Format("20060102150405")
	return strings.NewReplacer("{datetime}", now, "{rid}", a.uri.ID(), "{filename}", name).Replace(a.rules.Pattern)
}

// claim takes a name that was not made up, if it is free.
func (a *attaching) claim(ctx context.Context, m mark) (free bool, err error) {
	f, err := a.Store.Open(ctx, m.key)
	if err == nil {
		return false, f.Close()
	}
	if !errors.Is(err, ErrMissing) {
		return false, err
	}
	err = a.Store.Put(ctx, m.claim(), unknownType, strings.NewReader(""))
	if errors.Is(err, ErrExists) {
		return false, nil
	}
	if err == nil {
		a.upload = a.uploads.begin(m.key, a.uri)
	}
	return err == nil, err
}

// put stores the mark, and then the file.
func (a *attaching) put(ctx context.Context, file *measured, kind string) error {
	if err := a.Store.Put(ctx, a.mark.path(), unknownType, strings.NewReader("")); err != nil {
		return unavailable(err)
	}
	err := a.Store.Put(ctx, a.mark.key, kind, file)
	switch {
	case file.tooLarge():
		return file.refusal()
	case errors.Is(err, ErrExists):
		return errors.Join(&domain.Error{Code: domain.Conflict, Cause: err}, a.yield(ctx))
	case err != nil:
		return unavailable(err)
	}
	return nil
}

// yield leaves a file alone that somebody else put where this one was to be.
func (a *attaching) yield(ctx context.Context) error {
	a.uploads.forget(a.upload)
	err := errors.Join(a.Store.Delete(ctx, a.mark.claim()), a.Store.Delete(ctx, a.mark.path()))
	a.mark = mark{}
	return err
}

// metadata is what a record says of its file.
func metadata(name, location, kind string, file *measured) []byte {
	text := func(name, value string) jsondoc.Field { return jsondoc.Field{Name: name, Value: jsondoc.Quote(value)} }
	return jsondoc.With(nil,
		text("filename", name), text("location", location), text("hash", hex.EncodeToString(file.hash.Sum(nil))),
		text("mimetype", kind), jsondoc.Field{Name: "size", Value: strconv.AppendInt(nil, file.size, 10)},
	)
}

// describe makes the command say what the form says, and that the record has the file.
func (a *attaching) describe(c *domain.Command, f *form) error {
	body, problem := rest.ParseBody(f.envelope(), rest.BodyOptions{
		Permissions: a.service.record.Permissions, Limits: a.parts.Config.Limits.Body,
	})
	if problem != nil {
		return problem
	}
	c.Data = jsondoc.With(body.Data, jsondoc.Field{Name: Attribute, Value: a.metadata})
	c.Permissions = body.Permissions
	return nil
}

// end keeps the file if the record refers to it, and removes it otherwise. It returns the error for the client.
func (a *attaching) end(outcome writeapi.Outcome, err error) error {
	a.uploads.settle(a.parts.Progress.Position())
	switch {
	case a.mark.key == "":
		return err
	case err == nil && !a.replayed:
		a.uploads.commit(a.upload, outcome.Position)
		return nil
	case errors.Is(err, eventstore.ErrUnresolved):
		return err // the record may refer to it: whatever runs next finds out
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.r.Context()), 10*time.Second)
	defer cancel()
	defer a.uploads.forget(a.upload)
	if removeErr := a.remove(ctx, a.mark); removeErr != nil {
		a.parts.Config.Logger.WithContext(ctx).WithError(removeErr).WithField("key", a.mark.key).Warn("a file that came to nothing is left to the collector")
	}
	return err
}

// remove removes a file and then its mark, so that the file is found again if that does not succeed.
func (p *plugin) remove(ctx context.Context, m mark) error {
	for _, key := range []string{m.key, m.claim(), m.path()} {
		if err := p.Store.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
	}
	return nil
}
