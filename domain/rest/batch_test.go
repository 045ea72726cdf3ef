package rest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
)

var batchOptions = rest.BatchOptions{
	Prefix: "/v1", Requests: 3, Headers: 2, PathLength: 20, Depth: 3, Bytes: 200,
}

func TestParseBatchFillsInDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ defaults, request, want string }{
		{`{}`, `{"path":"/a"}`, `GET /v1/a map[] `},
		{`{}`, `{"path":"/v1/a?b=c"}`, `GET /v1/a?b=c map[] `},
		{`{}`, `{"path":"/v1"}`, `GET /v1 map[] `},
		{`{}`, `{"path":"/v1x","method":null}`, `GET /v1/v1x map[] `},
		{`{}`, `{"path":"/é?é=%C3%a9 #"}`, `GET /v1/%C3%A9?%C3%A9=%C3%a9%20%23 map[] `},
		{`{}`, `{"path":"/%C3%a9%/?a?b"}`, `GET /v1/%C3%a9%25/?a?b map[] `},
		{`{}`, `{"path":"/a","body":{}}`, `GET /v1/a map[] `},
		{`{}`, `{"path":"/a","headers":{"content-length":"9","x-a":""}}`, `GET /v1/a map[X-A:[]] `},
		{`{}`, `{"path":"/a","body":{"b": 1}}`, `GET /v1/a map[Content-Type:[application/json]] {"b":1}`},
		{`{}`, `{"path":"/a","body":{"b":1},"headers":{"Content-Type":"text/plain"}}`, `GET /v1/a map[Content-Type:[application/json]] {"b":1}`},
		{
			`{}`, `{"path":"/a","body":{"b":1},"headers":{"content-type":"application/merge-patch+json"}}`,
			`GET /v1/a map[Content-Type:[application/merge-patch+json]] {"b":1}`,
		},
		{
			`{"headers":{"Content-Type":"application/json-patch+json;x"}}`, `{"path":"/a","body":[]}`,
			`GET /v1/a map[Content-Type:[application/json-patch+json;x]] []`,
		},
		{`{"path":"/d","method":"PUT"}`, `{}`, `PUT /v1/d map[] `},
		{`{"path":"/d","method":"PUT"}`, `{"path":"","method":""}`, `PUT /v1/d map[] `},
		{`{"path":"/d","method":"PUT"}`, `{"path":"/a","method":"HEAD"}`, `HEAD /v1/a map[] `},
		{`{"headers":{"if-match":"1","x-d":"d"}}`, `{"path":"/a","headers":{"IF-MATCH":"2"}}`, `GET /v1/a map[If-Match:[2] X-D:[d]] `},
		{
			`{"body":{"a":{"b":1,"c":[1]},"d":null}}`, `{"path":"/a","body":{"a":{"c":[],"e":2},"f":{}}}`,
			`GET /v1/a map[Content-Type:[application/json]] {"a":{"c":[],"e":2,"b":1},"f":{},"d":null}`,
		},
		{
			`{"body":{"a":{"b":1}}}`, `{"path":"/a","body":{"a":null}}`,
			`GET /v1/a map[Content-Type:[application/json]] {"a":null}`,
		},
		{`{"body":{"a":1}}`, `{"path":"/a","body":{}}`, `GET /v1/a map[Content-Type:[application/json]] {"a":1}`},
	} {
		got, err := rest.ParseBatch([]byte(`{"defaults":`+c.defaults+`,"requests":[`+c.request+`]}`), batchOptions)
		if err != nil || len(got) != 1 {
			t.Errorf("%s with %s: got %v, %v", c.request, c.defaults, got, err)
			continue
		}
		if text := written(got[0]); text != c.want {
			t.Errorf("%s with %s: got %s, want %s", c.request, c.defaults, text, c.want)
		}
	}
}

func written(r rest.SubRequest) string {
	var headers []string
	for name, values := range r.Header {
		headers = append(headers, name+":["+strings.Join(values, " ")+"]")
	}
	slices.Sort(headers)
	return r.Method + " " + r.URL.RequestURI() + " map[" + strings.Join(headers, " ") + "] " + string(r.Body)
}

func TestParseBatchNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const mapping = `is not a mapping type: Does not implement dict-like functionality.`
	const methods = `is not one of GET, HEAD, DELETE, TRACE, POST, PUT, PATCH`
	for body, want := range map[string][]string{
		``:                            {`requests: Required`},
		`{}`:                          {`requests: Required`},
		`[]`:                          {`: "[]" ` + mapping},
		`"text"`:                      {`: Should be a JSON object or an array`, `: Required`},
		`{"requests":{}}`:             {`requests: "{}" is not iterable`},
		`{"requests":null}`:           {`requests: "None" is not iterable`},
		`{"requests":[],"more":1}`:    {`: Unrecognized keys in mapping: "{'more': 1}"`},
		`{"requests":["a",{}]}`:       {`requests.0: "a" ` + mapping, `requests.1.path: Required`},
		`{"requests":[{"path":"a"}]}`: {`requests.0.path: String does not match expected pattern`},
		`{"requests":[{"path":1}]}`:   {`requests.0.path: String does not match expected pattern`},
		`{"requests":[{"path":"/45678901234567890123"}]}`:          {`requests.0.path: Longer than maximum length 20`},
		`{"requests":[{"path":"/a","method":"FOO"}]}`:              {`requests.0.method: "FOO" ` + methods},
		`{"requests":[{"path":"/a","method":"put"}]}`:              {`requests.0.method: "put" ` + methods},
		`{"requests":[{"path":"/a","headers":{"a":1}}]}`:           {`requests.0.headers: {'a': 1} contains non string value`},
		`{"requests":[{"path":"/a","headers":{"a":"b\r\nc: d"}}]}`: {`requests.0.headers: a contains a line break`},
		`{"requests":[{"path":"/a","headers":[]}]}`:                {`requests.0.headers: "[]" ` + mapping},
		`{"requests":[{"path":"/a","headers":{"a":"","b":"","c":""}}]}`: {
			`requests.0.headers: More than 2 headers`,
		},
		`{"requests":[{"path":"/a","body":[1]}]}`:              {`requests.0.body: "[1]" ` + mapping},
		`{"requests":[{"path":"/a","body":"b"}]}`:              {`requests.0.body: "b" ` + mapping},
		`{"requests":[{"path":"/a","body":null}]}`:             {`requests.0.body: "None" ` + mapping},
		`{"requests":[{"path":"/a","x":1}]}`:                   {`requests.0: Unrecognized keys in mapping: "{'x': 1}"`},
		`{"defaults":[],"requests":[]}`:                        {`defaults: "[]" ` + mapping},
		`{"defaults":{"method":"X","y":1},"requests":[]}`:      {`defaults.method: "X" ` + methods, `defaults: Unrecognized keys in mapping: "{'y': 1}"`},
		`{"requests":[{},{},{},{}]}`:                           {`requests: Number of requests is limited to 3`},
		`{"requests":[{"path":"/batch"}]}`:                     {`requests: Recursive call on /batch endpoint is forbidden.`},
		`{"requests":[{"path":"/v1/batch/?a"}]}`:               {`requests: Recursive call on /batch endpoint is forbidden.`},
		`{"requests":[{"path":"/b%61tch"}]}`:                   {`requests: Recursive call on /batch endpoint is forbidden.`},
		`{"requests":[{"path":"/buckets/batch"}]}`:             nil,
		`{"requests":[{"path":"/batch1?/batch"}]}`:             nil,
		`{"requests":[{"path":"/a","body":{"a":{"b":{}}}}]}`:   nil,
		`{"requests":[{"path":"/a","body":{"a":{"b":[[]]}}}]}`: {`: Invalid JSON: Parse error at offset 44: The document is nested too deeply.`, `: Required`},
	} {
		_, err := rest.ParseBatch([]byte(body), batchOptions)
		var got []string
		if err != nil {
			for _, d := range err.Details {
				got = append(got, d.Name.(string)+": "+d.Description)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestParseBatchBoundsWhatDefaultsAddUpTo(t *testing.T) {
	t.Parallel()
	body := `{"defaults":{"path":"/a","body":{"a":"` + strings.Repeat("b", 60) + `"}},"requests":[{},{}`
	if _, err := rest.ParseBatch([]byte(body+`]}`), batchOptions); err != nil {
		t.Errorf("got %v for 140 bytes of bodies, want none", err)
	}
	if _, err := rest.ParseBatch([]byte(body+`,{}]}`), batchOptions); err == nil || err.Code != domain.TooLarge {
		t.Errorf("got %v for more than 200 bytes of bodies, want too large", err)
	}
}

func FuzzParseBatch(f *testing.F) {
	for _, seed := range []string{
		`{"defaults":{"method":"PUT","body":{"data":{"z":1}},"headers":{"If-None-Match":"*"}},"requests":[{"path":"/buckets/a"}]}`,
		`{"requests":[{"path":"/é%ff% ?q=%","headers":{"Content-Type":"application/json-patch+json"},"body":[{"op":"add"}]}]}`,
		`{"defaults":{"body":{"a":{"b":{"c":1}}}},"requests":[{"path":"/v1/a/","body":{"a":{"b":{"d":2}}}},{"path":"//x"}]}`,
		`{"requests":[{"path":"/a","method":1,"headers":{"a":1},"body":[]}],"x":1}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		requests, err := rest.ParseBatch(raw, rest.BatchOptions{Prefix: "/v1", Requests: 5})
		if err != nil {
			if body := rest.Body(err, rest.ErrorOptions{}); !json.Valid(body) {
				t.Errorf("the error %s is no JSON", body)
			}
			return
		}
		if len(requests) > 5 {
			t.Errorf("got %d requests, want 5 at most", len(requests))
		}
		for _, r := range requests {
			checkSubRequest(t, r)
		}
	})
}

// checkSubRequest checks what holds for every request that is accepted.
func checkSubRequest(t *testing.T, r rest.SubRequest) {
	t.Helper()
	escaped := r.URL.EscapedPath()
	if !strings.HasPrefix(escaped, "/v1") || strings.TrimRight(r.URL.Path, "/") == "/v1/batch" {
		t.Errorf("got path %q", escaped)
	}
	for _, c := range []byte(r.URL.RequestURI()) {
		if c <= ' ' || c > '~' || c == '#' {
			t.Errorf("got URI %q with %q", r.URL.RequestURI(), c)
		}
	}
	if again, err := r.URL.Parse(r.URL.RequestURI()); !strings.HasPrefix(escaped, "//") && (err != nil || again.Path != r.URL.Path) {
		t.Errorf("%q is read as %v, %v, want path %q", r.URL.RequestURI(), again, err, r.URL.Path)
	}
	if r.Body != nil {
		if normal, err := jsondoc.Normalize(r.Body, jsondoc.Limits{}); err != nil || string(normal) != string(r.Body) {
			t.Errorf("got body %s, %v, want it normalised", r.Body, err)
		}
		if r.Header.Get("Content-Type") == "" {
			t.Errorf("a body has no type: %s", r.Body)
		}
	}
	for name, values := range r.Header {
		if name != http.CanonicalHeaderKey(name) || len(values) != 1 || strings.ContainsAny(values[0], "\r\n") {
			t.Errorf("got header %q: %q", name, values)
		}
	}
}
