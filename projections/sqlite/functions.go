package sqlite

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// The functions that statements call. Names of paths are separated by a byte that UTF-8 does not have.
const pathSeparator = "\xff"

func path(f domain.Field) string { return strings.Join(f, pathSeparator) }

// errFunctions is why the functions could not be registered. It happens before the program runs, as the driver has no lock
// against others who open databases meanwhile.
var errFunctions = registerFunctions()

// registerFunctions makes the functions known to the driver, for connections opened later.
func registerFunctions() error {
	for _, f := range []struct {
		name  string
		nArgs int32
		call  func(args []driver.Value) driver.Value
	}{
		{"json_key", 2, jsonKey},
		{"json_text", 2, jsonText},
		{"json_contains", 3, jsonContains},
		{"json_contains_any", 3, jsonContainsAny},
		{"text_like", 2, textLike},
	} {
		call := func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) { return f.call(args), nil }
		if err := sqlite.RegisterDeterministicScalarFunction("kintolog_"+f.name, f.nArgs, call); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// attribute is the value at a path (the second argument) of a document (the first), nil if it is missing.
func attribute(args []driver.Value) []byte {
	doc, _ := args[0].([]byte)
	path, _ := args[1].(string)
	for {
		name, rest, nested := strings.Cut(path, pathSeparator)
		value, ok := jsondoc.Lookup(doc, name)
		switch {
		case !ok:
			return nil
		case !nested:
			return value
		}
		doc, path = value, rest
	}
}

// jsonKey orders as protocol 3.6 says, missing values included.
func jsonKey(args []driver.Value) driver.Value { return jsondoc.AppendKey(nil, attribute(args)) }

func jsonText(args []driver.Value) driver.Value {
	value := attribute(args)
	if value == nil {
		return nil
	}
	return jsondoc.Text(value)
}

func jsonContains(args []driver.Value) driver.Value {
	array, _ := args[2].([]byte)
	return jsondoc.Contains(attribute(args), array)
}

func jsonContainsAny(args []driver.Value) driver.Value {
	array, _ := args[2].([]byte)
	return jsondoc.ContainsAny(attribute(args), array)
}

func textLike(args []driver.Value) driver.Value {
	text, ok := args[0].(string)
	pattern, _ := args[1].(string)
	return ok && jsondoc.MatchLike(text, pattern)
}
