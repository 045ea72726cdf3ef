package accounts

import (
	"context"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// maxPassword is how many bytes of a password bcrypt looks at.
const maxPassword = 72

// prepare replaces the password that a command brings by its hash.
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
	return err
}

// prepareOperations hashes the passwords that a JSON Patch brings. One that it takes from elsewhere in the account
// is refused when the account is checked.
func (h *hasher) prepareOperations(ctx context.Context, operations []byte, name string) ([]byte, *domain.Error) {
	prepared := []byte{'['}
	for op := range jsondoc.Elements(operations) {
		op, err := h.prepareOperation(ctx, op, name)
		if err != nil {
			return nil, err
		}
		if len(prepared) > 1 {
			prepared = append(prepared, ',')
		}
		prepared = append(prepared, op...)
	}
	return append(prepared, ']'), nil
}

func (h *hasher) prepareOperation(ctx context.Context, op []byte, name string) (_ []byte, err *domain.Error) {
	kind, path := member(op, "op"), member(op, "path")
	value, _ := jsondoc.Lookup(op, "value")
	_, inside := jsondoc.Lookup(value, "password")
	switch {
	case kind != "add" && kind != "replace":
		return op, nil
	case path == "/data/password":
		value, err = h.hashed(ctx, value, name)
	case path == "/data" && inside:
		value, err = h.withHash(ctx, value, name)
	default:
		return op, nil
	}
	if err != nil {
		return nil, err
	}
	return jsondoc.With(op, jsondoc.Field{Name: "value", Value: value}), nil
}

// member is a member of an object that holds a string, otherwise "".
func member(doc []byte, name string) string {
	value, _ := jsondoc.Lookup(doc, name)
	text, _ := jsondoc.String(value)
	return text
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
