package rest

import (
	"maps"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// AppendObject appends the answer about one object: its data as stored, and the permissions that the caller may see
// (protocol 2.6).
func AppendObject(b, data []byte, shown domain.Permissions) []byte {
	b = slices.Grow(b, len(data)+128)
	b = append(b, `{"permissions":`...)
	b = AppendPermissions(b, shown)
	b = append(b, `,"data":`...)
	b = append(b, data...)
	return append(b, '}')
}

// AppendPermissions appends permissions as a JSON object, in the order of their names.
func AppendPermissions(b []byte, p domain.Permissions) []byte {
	b = append(b, '{')
	for i, name := range p.Names() {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsondoc.AppendTexts(append(jsondoc.AppendQuote(b, name), ':'), p[name])
	}
	return append(b, '}')
}

// AppendList appends the answer about a list: the data of each object as stored.
func AppendList(b []byte, objects []domain.Object) []byte {
	size := 16
	for i := range objects {
		size += len(objects[i].Data) + 1
	}
	b = append(slices.Grow(b, size), `{"data":[`...)
	for i := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, objects[i].Data...)
	}
	return append(b, ']', '}')
}

// Changed are, of the attributes that a PATCH gave, those whose stored value changed, with their new value: the answer
// of Response-Behavior light (protocol 2.6). With onlyOther, that of diff, those that came out as given are left out.
func Changed(result domain.Result, onlyOther bool) []byte {
	given, old := maps.Collect(jsondoc.Members(result.Given)), maps.Collect(jsondoc.Members(result.Old.Data))
	var fields []jsondoc.Field
	for name, value := range jsondoc.Members(result.Object.Data) {
		wanted, asked := given[name]
		if !asked || onlyOther && jsondoc.Equal(wanted, value) {
			continue
		}
		if before, had := old[name]; had && jsondoc.Equal(before, value) {
			continue
		}
		fields = append(fields, jsondoc.Field{Name: name, Value: value})
	}
	return jsondoc.With([]byte("{}"), fields...)
}
