package acceptance_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

// script is a file of exchanges. testdata/protocol/README.md tells how one is written.
type script struct {
	settings  []string
	exchanges []exchange
}

// exchange is a request and what is expected of its answer.
type exchange struct {
	title string
	line  int // in the file
	request
	status  string   // "200"
	headers []string // "Name: pattern", of the answer
	want    string   // the body; "" if nothing is said of it
}

const (
	secret = "some-secret" // userid_hmac_secret of every script
	reader = "mat"         // who asks if a request does not tell
)

func readScript(t *testing.T, path string) script {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s script
	var block []string
	var from int
	flush := func() {
		if from > 0 {
			s.exchanges = append(s.exchanges, parseExchange(t, path, from, block))
		}
	}
	for i, line := range strings.Split(string(text), "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			flush()
			from, block = i+1, []string{title}
		} else if from > 0 {
			block = append(block, line)
		} else if setting, ok := strings.CutPrefix(line, "set "); ok {
			s.settings = append(s.settings, setting)
		}
	}
	flush()
	return s
}

func parseExchange(t *testing.T, path string, line int, block []string) exchange {
	t.Helper()
	asked, answered, found := strings.Cut(strings.Join(block[1:], "\n"), "\n----\n")
	if !found {
		t.Fatalf("%s:%d: there is no line ---- between request and answer", path, line)
	}
	e := exchange{title: block[0], line: line}
	var first string
	first, e.request.headers, e.body = part(asked)
	e.method, e.target, _ = strings.Cut(first, " ")
	e.status, e.headers, e.want = part(answered)
	return e
}

// part splits a message into its first line, headers and body. Blank lines and comments before it are left out.
func part(text string) (first string, headers []string, body string) {
	lines := strings.Split(text, "\n")
	for len(lines) > 0 && (lines[0] == "" || strings.HasPrefix(lines[0], "#")) {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return "", nil, ""
	}
	first, lines = lines[0], lines[1:]
	for len(lines) > 0 && lines[0] != "" {
		headers, lines = append(headers, lines[0]), lines[1:]
	}
	return first, headers, strings.TrimSpace(strings.Join(lines, "\n"))
}

// play makes the exchanges of a script one after another.
func (s script) play(t *testing.T, on *server) {
	t.Helper()
	known := names{"host": on.Host}
	for _, e := range s.exchanges {
		got, err := on.send(e.resolve(known))
		if err != nil {
			t.Fatalf("line %d, %s: %s %s: %v\n%s", e.line, e.title, e.method, e.target, err, on.Log())
		}
		if problems := e.compare(got, known); len(problems) > 0 {
			t.Errorf("line %d, %s\n%s %s\n\t%s\ngot %d %v\n%s", e.line, e.title, e.method, e.target,
				strings.Join(problems, "\n\t"), got.status, got.header, got.body)
		}
	}
}

// resolve is the request with names replaced by what is known, and the user by credentials.
func (e exchange) resolve(known names) request {
	r := request{method: e.method, target: known.replace(e.target), body: known.replace(e.body)}
	user := reader
	for _, h := range e.request.headers {
		name, value, _ := strings.Cut(known.replace(h), ": ")
		if name == "As" {
			user = value
			continue
		}
		r.headers = append(r.headers, name+": "+value)
	}
	if user != "nobody" {
		r.headers = append(r.headers, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(withPassword(user))))
	}
	return r
}

// withPassword is what a user signs in with. The password is "secret" if the script does not tell another.
func withPassword(user string) string {
	if strings.Contains(user, ":") {
		return user
	}
	return user + ":secret"
}

// principal is what Basic authentication makes of a user (protocol 5.2).
func principal(user string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprint(mac, withPassword(user))
	return "basicauth:" + hex.EncodeToString(mac.Sum(nil))
}
