package acceptance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// names are what the names in a script, written <name>, stand for so far.
type names map[string]string

var placeholder = regexp.MustCompile(`<([a-z][a-zA-Z0-9_]*)>`)

// look tells what a name stands for: what an answer had in its place, or the principal of a user.
func (n names) look(name string) (string, bool) {
	if value, ok := n[name]; ok {
		return value, true
	}
	user, ok := strings.CutPrefix(name, "user_")
	return principal(user), ok
}

// replace puts what is known in place of the names in text.
func (n names) replace(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if value, ok := n.look(found[1 : len(found)-1]); ok {
			return value
		}
		return found
	})
}

// match compares text with a pattern, and learns the names in it that were not known.
func (n names) match(pattern, text string) bool {
	var learned []string
	var expression strings.Builder
	last := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(pattern, -1) {
		expression.WriteString(regexp.QuoteMeta(pattern[last:at[0]]))
		name := pattern[at[2]:at[3]]
		if value, ok := n.look(name); ok {
			expression.WriteString(regexp.QuoteMeta(value))
		} else {
			expression.WriteString("(" + shape(name) + ")")
			learned = append(learned, name)
		}
		last = at[1]
	}
	expression.WriteString(regexp.QuoteMeta(pattern[last:]))
	found := regexp.MustCompile("^" + expression.String() + "$").FindStringSubmatch(text)
	if found == nil {
		return false
	}
	for i, name := range learned {
		if !strings.HasPrefix(name, "any") {
			n[name] = found[i+1]
		}
	}
	return true
}

// shape is what a name can stand for, which its beginning tells.
func shape(name string) string {
	for _, s := range []struct{ prefix, expression string }{
		{"ts", `[0-9]{13}`},
		{"uuid", `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`},
		{"date", `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT`},
	} {
		if strings.HasPrefix(name, s.prefix) {
			return s.expression
		}
	}
	return `(?s:.+?)`
}

// compare returns what is wrong with an answer.
func (e exchange) compare(got response, known names) []string {
	var problems []string
	if e.status != strconv.Itoa(got.status) {
		problems = append(problems, "the status should be "+e.status)
	}
	for _, h := range e.headers {
		name, want, _ := strings.Cut(h, ": ")
		if !headerMatches(known, want, got.header.Values(name)) {
			problems = append(problems, fmt.Sprintf("the header %s should be %s, is %q", name, known.replace(want), got.header.Values(name)))
		}
	}
	if got.status >= 400 && e.method != "HEAD" && got.header.Get("Content-Type") != "application/json" {
		problems = append(problems, "the error should be JSON, is "+got.header.Get("Content-Type"))
	}
	switch {
	case e.want == "":
	case e.want == "(nothing)":
		if len(got.body) > 0 {
			problems = append(problems, "there should be no body")
		}
	default:
		problems = append(problems, compareJSON(known, e.want, got.body)...)
	}
	return problems
}

// headerMatches compares a header. "(absent)" is none of it, and {a, b} the same elements in any order.
func headerMatches(known names, want string, got []string) bool {
	if want == "(absent)" {
		return len(got) == 0
	}
	joined := strings.Join(got, ", ")
	if strings.HasPrefix(want, "{") && strings.HasSuffix(want, "}") && !strings.HasPrefix(want, `{"`) {
		return slices.Equal(elements(want[1:len(want)-1]), elements(joined))
	}
	return known.match(want, joined)
}

func elements(list string) []string {
	all := strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(all)
	return all
}

func compareJSON(known names, want string, body []byte) []string {
	expected, err := decode([]byte(want))
	if err != nil {
		return []string{"the script's own JSON: " + err.Error()}
	}
	got, err := decode(body)
	if err != nil {
		return []string{"the body should be JSON: " + err.Error()}
	}
	return differences(known, "body", expected, got)
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	return value, d.Decode(&value)
}

// differences returns where got is not as wanted. The order of members, and of principals, does not count. A member
// "..." allows more members than those named.
func differences(known names, at string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if object, ok := got.(map[string]any); ok {
			return memberDifferences(known, at, want, object)
		}
	case []any:
		if list, ok := got.([]any); ok && len(list) == len(want) {
			if strings.Contains(at, ".permissions.") || strings.HasSuffix(at, ".permissions") || strings.HasSuffix(at, ".principals") {
				want, list = sorted(known, want), sorted(known, list)
			}
			var found []string
			for i := range want {
				found = append(found, differences(known, fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
			}
			return found
		}
	case string:
		if text, ok := got.(string); ok && known.match(want, text) {
			return nil
		}
		if placeholder.FindString(want) == want && want != "" && known.match(want, scalar(got)) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s should be %s, is %s", at, known.replace(written(want)), written(got))}
}

func memberDifferences(known names, at string, want, got map[string]any) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if name == "..." {
			continue
		}
		value, ok := got[name]
		if !ok {
			found = append(found, at+"."+name+" is missing")
			continue
		}
		found = append(found, differences(known, at+"."+name, want[name], value)...)
	}
	_, open := want["..."]
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok && !open {
			found = append(found, at+"."+name+" should not be there")
		}
	}
	return found
}

// sorted is a list of principals in an order of their own.
func sorted(known names, list []any) []any {
	return slices.SortedFunc(slices.Values(list), func(a, b any) int {
		return strings.Compare(known.replace(scalar(a)), known.replace(scalar(b)))
	})
}

// scalar is a value as text, so that a name stands for the same in a header, a string and a number.
func scalar(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return written(value)
}

func written(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	return strings.TrimSpace(b.String())
}
