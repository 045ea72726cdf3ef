package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/kinto/schema"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for _, test := range []struct{ schema, record, want string }{
		// Protocol 1.6.
		{`{"required":["title","body"]}`, `{"title":"x"}`, `body: 'body' is a required property`},
		{`{"required":["body","title"]}`, `{"title":"x"}`, `title: 'body' is a required property`},
		{`{"properties":{"a":{"type":"string"}}}`, `{"a":42}`, `a: 42 is not of type 'string'`},
		{`{"properties":{"a":{"type":"integer"}}}`, `{"a":"x"}`, `a: 'x' is not of type 'integer'`},
		{`{"properties":{"a":{"type":["string","null"]}}}`, `{"a":1.5}`, `a: 1.5 is not of type 'string', 'null'`},
		{`{"properties":{"a":{"enum":["a","b"]}}}`, `{"a":"x"}`, `a: 'x' is not one of ['a', 'b']`},
		{`{"additionalProperties":false}`, `{"x":1}`, `additionalProperties: Additional properties are not allowed ('x' was unexpected)`},
		{`{"additionalProperties":false}`, `{"y":1,"x":1}`, `additionalProperties: Additional properties are not allowed ('x', 'y' were unexpected)`},
		{`{"additionalProperties":false,"patternProperties":{"^b":{},"^a":{}}}`, `{"y":1,"x":1}`, `additionalProperties: 'x', 'y' do not match any of the regexes: '^a', '^b'`},
		{value(`{"items":false}`), `{"v":[1]}`, `v: Expected at most 0 items but found 1 extra: 1`},
		{value(`{"maxItems":0}`), `{"v":[1]}`, `v: [1] is expected to be empty`},
		{`{"properties":{"l":{"items":{"type":"integer"}}}}`, `{"l":[1,"x"]}`, `1: 'x' is not of type 'integer'`},
		{`{"properties":{"a":{"properties":{"b":{"type":"null"}}}}}`, `{"a":{"b":true}}`, `b: True is not of type 'null'`},
		// Other keywords.
		{`{"type":"array"}`, `{}`, `type: {} is not of type 'array'`},
		{`{"const":{"a":1}}`, `{"a":2}`, `const: {'a': 1} was expected`},
		{`{"minProperties":2}`, `{"a":2}`, `minProperties: {'a': 2} does not have enough properties`},
		{`{"maxProperties":0}`, `{"a":2}`, `maxProperties: {'a': 2} is expected to be empty`},
		{`{"dependentRequired":{"a":["b"]}}`, `{"a":2}`, `dependentRequired: 'b' is a dependency of 'a'`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"]}}`, `{"a":2}`, `dependencies: 'b' is a dependency of 'a'`},
		{`{"dependentSchemas":{"a":{"required":["b"]}}}`, `{"a":2}`, `b: 'b' is a required property`},
		{`{"propertyNames":{"pattern":"^[a-z]$"}}`, `{"A":1}`, `pattern: 'A' does not match '^[a-z]$'`},
		{`{"properties":{"o":{"propertyNames":{"maxLength":1}}}}`, `{"o":{"ab":1}}`, `o: 'ab' is too long`},
		{`{"patternProperties":{"^n":{"type":"number"}}}`, `{"n1":"x"}`, `n1: 'x' is not of type 'number'`},
		{`{"unevaluatedProperties":false,"properties":{"a":true}}`, `{"a":1,"c":1,"b":2}`, `unevaluatedProperties: Unevaluated properties are not allowed ('b', 'c' were unexpected)`},
		{`{"not":{"required":["a"]}}`, `{"a":1}`, `not: {'a': 1} should not be valid under {'required': ['a']}`},
		{`{"oneOf":[{"required":["a"]},{"required":["b"]}]}`, `{"a":1,"b":2}`, `oneOf: {'a': 1, 'b': 2} is valid under each of {'required': ['b']}, {'required': ['a']}`},
		{`{"anyOf":[{"required":["a"]},{"required":["b"]}]}`, `{}`, `anyOf: {} is not valid under any of the given schemas`},
		{`{"anyOf":[{"properties":{"a":{"type":"string"}}}]}`, `{"a":1}`, `a: 1 is not of type 'string'`},
		{`{"allOf":[{"required":["a"]},{"required":["b"]}]}`, `{}`, `a: 'a' is a required property`},
		{`{"if":{"required":["a"]},"then":{"required":["b"]}}`, `{"a":1}`, `b: 'b' is a required property`},
		{`{"if":{"required":["a"]},"else":{"required":["c"]}}`, `{}`, `c: 'c' is a required property`},
		{`{"$ref":"#/$defs/d","$defs":{"d":{"required":["a"]}}}`, `{}`, `a: 'a' is a required property`},
		{`{"properties":{"a":false}}`, `{"a":1}`, `a: False schema does not allow 1`},
		{`{"allOf":[false]}`, `{}`, `0: False schema does not allow {}`},
		{value(`{"minimum":2}`), `{"v":1}`, `v: 1 is less than the minimum of 2`},
		{value(`{"maximum":2}`), `{"v":2.5}`, `v: 2.5 is greater than the maximum of 2`},
		{value(`{"exclusiveMinimum":2}`), `{"v":2}`, `v: 2 is less than or equal to the minimum of 2`},
		{value(`{"exclusiveMaximum":2}`), `{"v":2}`, `v: 2 is greater than or equal to the maximum of 2`},
		{value(`{"multipleOf":3}`), `{"v":2}`, `v: 2 is not a multiple of 3`},
		{value(`{"maximum":9007199254740992}`), `{"v":9007199254740993}`, `v: 9007199254740993 is greater than the maximum of 9007199254740992`},
		{value(`{"minLength":2}`), `{"v":"é"}`, `v: 'é' is too short`},
		{value(`{"maxLength":1}`), `{"v":"ab"}`, `v: 'ab' is too long`},
		{value(`{"pattern":"^a"}`), `{"v":"b"}`, `v: 'b' does not match '^a'`},
		{value(`{"minItems":1}`), `{"v":[]}`, `v: [] should be non-empty`},
		{value(`{"maxItems":1}`), `{"v":[1,2]}`, `v: [1, 2] is too long`},
		{value(`{"uniqueItems":true}`), `{"v":[1,2,1.0]}`, `v: [1, 2, 1.0] has non-unique elements`},
		{value(`{"contains":{"const":3}}`), `{"v":[1]}`, `v: [1] does not contain items matching the given schema`},
		{value(`{"contains":{"const":3},"minContains":2}`), `{"v":[3]}`, `v: Too few items match the given schema (expected at least 2 but only 1 matched)`},
		{value(`{"contains":{"const":3},"maxContains":1}`), `{"v":[3,3]}`, `v: Too many items match the given schema (expected at most 1)`},
		{value(`{"prefixItems":[true],"items":false}`), `{"v":[1,2,3]}`, `v: Expected at most 1 item but found 2 extra: [2, 3]`},
		{value(`{"prefixItems":[true],"unevaluatedItems":false}`), `{"v":[1,5,4,3,2]}`, `v: Unevaluated items are not allowed (5, 4, 3, 2 were unexpected)`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"v":{"items":[true],"additionalItems":false}}}`, `{"v":[1,2]}`, `v: Additional items are not allowed (2 was unexpected)`},
		// Not asserted.
		{value(`{"format":"date"}`), `{"v":"x"}`, ``},
		{value(`{"format":"regex"}`), `{"v":"["}`, ``},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"v":{"format":"email"}}}`, `{"v":"x"}`, ``},
		{value(`{"contentEncoding":"base64"}`), `{"v":"%"}`, ``},
		{value(`{"type":"integer"}`), `{"v":1.0}`, ``},
	} {
		_, err := c.CheckRecord(world{collection: `{"schema":` + test.schema + `}`, data: test.record}.write(t))
		if got := detail(t, err); got != test.want {
			t.Errorf("%s by %s:\n got %s\nwant %s", test.record, test.schema, got, test.want)
		}
	}
}

func value(s string) string { return `{"properties":{"v":` + s + `}}` }

func TestTheBestErrorIsTold(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for _, test := range []struct{ what, schema, record, want string }{
		{
			"nearest to the root", `{"properties":{"a":{"properties":{"b":{"type":"string"}}},"c":{"type":"string"}}}`,
			`{"a":{"b":1},"c":2}`, `c: 2 is not of type 'string'`,
		},
		{
			"the last of siblings", `{"properties":{"b":{"type":"string"},"a":{"type":"string"}}}`,
			`{"a":1,"b":2}`, `b: 2 is not of type 'string'`,
		},
		{
			"the first keyword of one value", value(`{"minLength":3,"pattern":"^b"}`),
			`{"v":"a"}`, `v: 'a' is too short`,
		},
		{
			"rather not an alternative", `{"anyOf":[{"required":["a"]}],"minProperties":1}`,
			`{}`, `minProperties: {} should be non-empty`,
		},
		{
			"the alternative of the same type", value(`{"anyOf":[{"type":"string"},{"type":"integer","minimum":9}]}`),
			`{"v":5}`, `v: 5 is less than the minimum of 9`,
		},
		{
			"the deepest of alternatives", `{"oneOf":[{"properties":{"a":{"type":"string"}}},{"required":["b"]}]}`,
			`{"a":1}`, `a: 1 is not of type 'string'`,
		},
		{
			"the first required", `{"required":["z","y"]}`,
			`{}`, `y: 'z' is a required property`,
		},
	} {
		for range 5 { // whatever the order of a map
			_, err := c.CheckRecord(world{collection: `{"schema":` + test.schema + `}`, data: test.record}.write(t))
			if got := detail(t, err); got != test.want {
				t.Errorf("%s:\n got %s\nwant %s", test.what, got, test.want)
			}
		}
	}
}

func TestTheDialectIsThatOfTheSchema(t *testing.T) {
	t.Parallel()
	c := schema.New()
	const rest = `"properties":{"v":{"$ref":"#/definitions/d","maximum":1}},"definitions":{"d":{"type":"integer"}}}`
	for dialect, want := range map[string]string{
		``: `v: 5 is greater than the maximum of 1`,
		`"$schema":"https://json-schema.org/draft/2020-12/schema",`: `v: 5 is greater than the maximum of 1`,
		`"$schema":"https://json-schema.org/draft/2019-09/schema",`: `v: 5 is greater than the maximum of 1`,
		`"$schema":"http://json-schema.org/draft-07/schema#",`:      ``, // ignores what stands beside a reference
		`"$schema":"http://json-schema.org/draft-06/schema",`:       ``,
		`"$schema":"http://json-schema.org/draft-04/schema#",`:      ``,
		`"$schema":"http://example.com/own",`:                       `v: 5 is greater than the maximum of 1`,
	} {
		_, err := c.CheckRecord(world{collection: `{"schema":{` + dialect + rest + `}`, data: `{"v":5}`}.write(t))
		if got := detail(t, err); got != want {
			t.Errorf("%s: got %q, want %q", dialect, got, want)
		}
	}
}

func TestSchemasThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for document, want := range map[string]string{
		`{"$ref":"#/definitions/d"}`:                          `schema: Unresolvable JSON pointer: 'definitions/d'`,
		`{"$ref":"#anchor"}`:                                  `schema: Unresolvable reference: '#anchor'`,
		`{"$ref":"other.json"}`:                               `schema: Unresolvable reference: 'other.json'`,
		`{"$ref":"other.json#/definitions/d"}`:                `schema: Unresolvable reference: 'other.json'`,
		`{"$ref":"http://example.com/s"}`:                     `schema: Unresolvable reference: 'http://example.com/s'`,
		`{"$ref":"file:///etc/passwd"}`:                       `schema: Unresolvable reference: 'file:///etc/passwd'`,
		`{"allOf":[{"$ref":"#"}]}`:                            tooMuch,
		`{"properties":{"a":{"items":[{},{}]}}}`:              `schema: The schema is not valid in its dialect, at '/properties/a/items'`,
		`{"pattern":"` + strings.Repeat("a{1000}", 30) + `"}`: `schema: The patterns of the schema are too large`,
	} {
		_, err := c.CheckRecord(world{collection: `{"schema":` + document + `}`, data: `{"a":1}`}.write(t))
		if got := detail(t, err); got != want {
			t.Errorf("%s:\n got %s\nwant %s", document, got, want)
		}
	}
}

const tooMuch = "schema: The schema takes too much work to validate this object, or its references go in a circle"

func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	c := schema.New()
	var doubling strings.Builder // each level is applied twice to the same value
	for i := range 40 {
		fmt.Fprintf(&doubling, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	deep := `{"properties":{"v":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}},"required":["w"]}`
	for what, test := range map[string]struct{ schema, record string }{
		"references that double": {`{"$ref":"#/$defs/d0","$defs":{` + doubling.String() + `"d40":{}}}`, `{}`},
		"recursion that doubles": {deep, strings.Repeat(`{"v":`, 60) + `{}` + strings.Repeat(`}`, 60)},
		"patterns on long texts": {value(`{"pattern":"^` + strings.Repeat("[ab]{900}", 9) + `$"}`), `{"v":"` + strings.Repeat("ab", 100_000) + `"}`},
	} {
		_, err := c.CheckRecord(world{collection: `{"schema":` + test.schema + `}`, data: test.record}.write(t))
		if got, want := detail(t, err), tooMuch; got != want {
			t.Errorf("%s: got %.200q, want %q", what, got, want)
		}
	}
}
