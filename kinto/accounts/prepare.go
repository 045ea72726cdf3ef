package accounts

import (
	"context"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// maxPassword is how many bytes of a password bcrypt looks at.
const maxPassword = 72

// prepare replaces the password that a command brings by its hash. What a patch makes of an account is judged late.
func (h *hasher) prepare(ctx context.Context, c *domain.Command) *domain.Error {
	name := "data.password"
	if c.Verb == domain.Patch {
		name = "password"
	}
	var err *domain.Error
	switch _, given := jsondoc.Lookup(c.Data, "password"); {
	case c.Operations != nil:
		c.Operations, err = h.prepareOperations(ctx, c.Operations, name)
	case given || c.Verb != domain.Patch:
		c.Data, err = h.withHash(ctx, c.Data, name)
	}
	if err != nil {
		err.Late = c.Verb == domain.Patch
	}
	return err
}

// prepareOperations hashes the password that a JSON Patch brings; one only, because each takes its time. It refuses one
// that is taken from elsewhere in the account: that might be a hash of the user's own making, which takes days to compare.
func (h *hasher) prepareOperations(ctx context.Context, operations []byte, name string) ([]byte, *domain.Error) {
	prepared, passwords := []byte{'['}, 0
	for op := range jsondoc.Elements(operations) {
		if takesPassword(op) {
			return nil, domain.Invalidf(domain.InBody, name, "The password cannot be taken from another attribute.")
		}
		if bringsPassword(op) {
			if passwords++; passwords > 1 {
				return nil, domain.Invalidf(domain.InBody, name, "Given more than once")
			}
			var err *domain.Error
			if op, err = h.prepareOperation(ctx, op, name); err != nil {
				return nil, err
			}
		}
		if len(prepared) > 1 {
			prepared = append(prepared, ',')
		}
		prepared = append(prepared, op...)
	}
	return append(prepared, ']'), nil
}

// bringsPassword tells whether an operation sets the password, alone or with all of the data.
func bringsPassword(op []byte) bool {
	if kind := jsondoc.LookupString(op, "op"); kind != "add" && kind != "replace" {
		return false
	}
	path := jsondoc.LookupString(op, "path")
	_, inside := jsondoc.Lookup(op, "value", "password")
	return path == "/data/password" || path == "/data" && inside
}

// takesPassword tells whether an operation may set the password to what is elsewhere.
func takesPassword(op []byte) bool {
	kind, path := jsondoc.LookupString(op, "op"), jsondoc.LookupString(op, "path")
	return (kind == "copy" || kind == "move") && (path == "/data/password" || path == "/data")
}

func (h *hasher) prepareOperation(ctx context.Context, op []byte, name string) (_ []byte, err *domain.Error) {
	value, _ := jsondoc.Lookup(op, "value")
	if jsondoc.LookupString(op, "path") == "/data" {
		value, err = h.withHash(ctx, value, name)
	} else {
		value, err = h.hashed(ctx, value, name)
	}
	if err != nil {
		return nil, err
	}
	return jsondoc.With(op, jsondoc.Field{Name: "value", Value: value}), nil
}

// withHash is the data with the hash of its password.
func (h *hasher) withHash(ctx context.Context, data []byte, name string) ([]byte, *domain.Error) {
	password, _ := jsondoc.Lookup(data, "password")
	hash, err := h.hashed(ctx, password, name)
	if err != nil {
		return nil, err
	}
	return jsondoc.With(data, jsondoc.Field{Name: "password", Value: hash}), nil
}

// hashed is the hash of a password, both as JSON.
func (h *hasher) hashed(ctx context.Context, password []byte, name string) ([]byte, *domain.Error) {
	text, err := passwordText(password, name)
	if err != nil {
		return nil, err
	}
	if len(text) > maxPassword {
		return nil, domain.Invalidf(domain.InBody, name, "Longer than maximum length %d", maxPassword)
	}
	hash, failed := h.hash(ctx, text)
	if failed != nil {
		return nil, &domain.Error{Code: domain.Unavailable, Cause: failed}
	}
	return jsondoc.Quote(hash), nil
}

// passwordText reads a password, which must be there and be a string; name is what errors call it.
func passwordText(value []byte, name string) (string, *domain.Error) {
	text, isString := jsondoc.String(value)
	switch {
	case isString && text != "":
		return text, nil
	case isString, jsondoc.KindOf(value) <= jsondoc.KindNull:
		return "", domain.Invalidf(domain.InBody, name, "Required")
	default:
		return "", domain.Invalidf(domain.InBody, name, "%s is not a string: {'password': ''}", jsondoc.PythonRepr(value))
	}
}
