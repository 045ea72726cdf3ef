package schema

import (
	"encoding/json"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// decode makes of a normalised document what the validator takes. Numbers keep their digits.
func decode(document []byte) any {
	switch jsondoc.KindOf(document) {
	case jsondoc.KindObject:
		object := map[string]any{}
		for name, value := range jsondoc.Members(document) {
			object[name] = decode(value)
		}
		return object
	case jsondoc.KindArray:
		array := []any{}
		for value := range jsondoc.Elements(document) {
			array = append(array, decode(value))
		}
		return array
	case jsondoc.KindString:
		text, _ := jsondoc.String(document)
		return text
	case jsondoc.KindNumber:
		return json.Number(document)
	case jsondoc.KindBool:
		truth, _ := jsondoc.Bool(document)
		return truth
	}
	return nil
}

// encode is the normalised document of a decoded value, its members in the order of their names.
func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	document, err := jsondoc.Normalize(text, jsondoc.Limits{})
	if err != nil {
		return nil
	}
	return document
}
