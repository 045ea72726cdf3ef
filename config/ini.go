package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/ini.v1"
)

// iniOptions make the parser read what Python's configparser reads. Names keep their case, as Paste has it.
var iniOptions = ini.LoadOptions{
	AllowPythonMultilineValues: true,
	IgnoreInlineComment:        true,
	IgnoreContinuation:         true,
	PreserveSurroundedQuote:    true,
	KeyValueDelimiters:         "=:",
	AllowShadows:               true, // to see a name that is given twice
}

// document is what a configuration file says: settings by name, without prefix.
type document struct {
	app    map[string]string // [app:main]
	server map[string]string // [server:main]
	prefix string            // that names in [app:main] may have had, such as "kinto."
	// jsonLogs is the section that asks Python for logs in JSON, "" if there is none.
	jsonLogs string
}

// readFile reads a configuration file, or nothing if there is no name.
func readFile(file string) (document, error) {
	if file == "" {
		return document{prefix: usualPrefix}, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return document{}, fmt.Errorf("read the configuration: %w", err)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return document{}, fmt.Errorf("read the configuration: %w", err)
	}
	d, err := parseFile(content, path)
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

func parseFile(content []byte, path string) (document, error) {
	options := iniOptions
	options.ReaderBufferSize = len(content) + 1 // which a value must fit into
	parsed, err := ini.LoadSources(options, normalized(content))
	if err != nil {
		return document{}, syntaxError(content, err)
	}
	if !parsed.HasSection("app:main") {
		return document{}, errors.New("has no section [app:main], where settings are")
	}
	variables := map[string]string{"http_port": "8888"}
	for _, key := range parsed.Section(ini.DefaultSection).Keys() {
		variables[key.Name()] = valueOf(key)
	}
	variables["here"], variables["__file__"] = escape(filepath.Dir(path)), escape(path)

	app, err := readSection(parsed, "app:main", variables)
	if err != nil {
		return document{}, err
	}
	if port := app["http_port"]; port != "" {
		variables["http_port"] = port
	}
	server, err := readSection(parsed, "server:main", variables)
	if err != nil {
		return document{}, err
	}
	if err := isWhole(app); err != nil {
		return document{}, err
	}
	prefix := prefixOf(app)
	app, err = withoutPrefix(app, prefix)
	return document{app: app, server: server, prefix: prefix, jsonLogs: jsonLogs(parsed)}, err
}

// isWhole refuses a section that takes settings from another section or file, as Paste lets it.
func isWhole(app map[string]string) error {
	use := app["use"]
	if use == "" || strings.HasPrefix(use, "egg:") || strings.HasPrefix(use, "call:") {
		return nil
	}
	return errors.New("use in [app:main] names other settings, which are not read: copy them into [app:main], and remove use")
}

// normalized is the content without comments and empty lines, which can be anywhere in a value. Of what is left, the lines
// that continue a value, those further in than the line it begins on, are the only ones that begin with a blank.
func normalized(content []byte) []byte {
	const byteOrderMark = "\ufeff"
	var lines []byte
	margin, named := 0, false // of the line that a value begins on, if there is one
	for line := range bytes.Lines(bytes.TrimPrefix(content, []byte(byteOrderMark))) {
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == '#' || text[0] == ';' {
			continue
		}
		if indent := bytes.Index(line, text); named && indent > margin {
			lines = append(lines, ' ')
		} else {
			margin, named = indent, text[0] != '['
		}
		lines = append(append(lines, text...), '\n')
	}
	return lines
}

// jsonLogs finds the formatter that makes lines of JSON, whosever it is.
func jsonLogs(parsed *ini.File) string {
	for _, section := range parsed.Sections() {
		class := strings.ToLower(section.Key("class").Value())
		if strings.HasPrefix(section.Name(), "formatter_") && strings.Contains(class, "json") {
			return section.Name()
		}
	}
	return ""
}

// syntaxError tells where the file is wrong, but not what is there: it may be part of a secret.
func syntaxError(content []byte, err error) error {
	const what = "is not one of sections and of lines such as name = value"
	if bad, ok := errors.AsType[ini.ErrDelimiterNotFound](err); ok {
		for i, line := range strings.Split(string(content), "\n") {
			if strings.TrimSpace(line) == strings.TrimSpace(bad.Line) {
				return fmt.Errorf("line %d has no =: the file %s", i+1, what)
			}
		}
	}
	return errors.New(what)
}

func readSection(parsed *ini.File, name string, variables map[string]string) (map[string]string, error) {
	values := map[string]string{}
	if !parsed.HasSection(name) {
		return values, nil
	}
	for _, key := range parsed.Section(name).Keys() {
		if len(key.ValueWithShadows()) > 1 {
			return nil, fmt.Errorf("%s is given twice in [%s]", key.Name(), name)
		}
		values[key.Name()] = valueOf(key)
	}
	expanded := make(map[string]string, len(values))
	for key, value := range values {
		text, err := (&expansion{section: values, variables: variables}).expand(value)
		if err != nil {
			return nil, fmt.Errorf("%s in [%s] %w", key, name, err)
		}
		expanded[key] = text
	}
	return expanded, nil
}

// valueOf is the value of a key, without what marks the lines that continue it (normalized).
func valueOf(key *ini.Key) string { return strings.ReplaceAll(key.Value(), "\n ", "\n") }

var reference = regexp.MustCompile(`%%|%\(([^)]*)\)s`)

func escape(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// expansion replaces %(name)s by what the section, or else a variable, calls so, and %% by %, as Paste does.
// Other percent signs stay, where Paste stops.
type expansion struct {
	section, variables map[string]string
	count              int // replacements so far
}

func (e *expansion) expand(text string) (string, error) {
	var problem error
	text = reference.ReplaceAllStringFunc(text, func(match string) string {
		if match == "%%" || problem != nil {
			return "%"
		}
		var value string
		value, problem = e.lookup(match[2 : len(match)-2])
		return value
	})
	return text, problem
}

// lookup returns what a name stands for. A hundred of them are more than anybody needs: then one of them is
// defined by itself.
func (e *expansion) lookup(name string) (string, error) {
	value, ok := e.section[name]
	if !ok {
		value, ok = e.variables[name]
	}
	if e.count++; !ok || e.count > 100 {
		return "", fmt.Errorf("refers to %%(%s)s, which is defined nowhere, or by itself", name)
	}
	return e.expand(value)
}

// usualPrefix is that of names without settings_prefix.
const usualPrefix = "kinto."

// prefixOf is what names in the section may begin with.
func prefixOf(app map[string]string) string {
	for _, name := range []string{"settings_prefix", usualPrefix + "settings_prefix"} {
		if given := plain(app[name]); given != "" {
			return given + "."
		}
	}
	return usualPrefix
}

// withoutPrefix removes the prefix from names. A name with and without it must say the same.
func withoutPrefix(values map[string]string, prefix string) (map[string]string, error) {
	short := make(map[string]string, len(values))
	for name, value := range values {
		name := strings.TrimPrefix(name, prefix)
		if other, ok := short[name]; ok && plain(other) != plain(value) {
			return nil, fmt.Errorf("%s and %s%s have different values: delete one", name, prefix, name)
		}
		short[name] = value
	}
	return short, nil
}
