package programtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer is what a service says.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// Ask makes a request, within a minute, as a user who may do everything with what he has created. Header is names and values
// in turn.
func Ask(client *http.Client, host, method, path, body string, header ...string) (Answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+host+"/v1"+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	r.SetBasicAuth("me", "secret")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, string(all)}, err
}

// Do makes a request that is answered; see Ask.
func (p *Process) Do(method, path, body string, header ...string) Answer {
	p.t.Helper()
	a, err := Ask(http.DefaultClient, p.Host, method, path, body, header...)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", method, path, err, p.Log())
	}
	return a
}

// Must makes a request that is answered with a status; see Ask.
func (p *Process) Must(method, path, body string, want int, header ...string) Answer {
	p.t.Helper()
	got := p.Do(method, path, body, header...)
	if got.Status != want {
		p.t.Fatalf("%s %s: got %s, want %d\n%s", method, path, got, want, p.Log())
	}
	return got
}
