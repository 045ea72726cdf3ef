package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/server"
)

// A service in memory, written to and read from over HTTP.
func Example() {
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	service, err := server.Open(context.Background(), todo, server.Config{Memory: true, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = service.Close() }()
	h := httptest.NewServer(service)
	defer h.Close()

	ask := func(method, path, body string) {
		r, _ := http.NewRequest(method, h.URL+"/v1"+path, strings.NewReader(body))
		r.SetBasicAuth("me", "secret")
		r.Header.Set("Content-Type", "application/json")
		answer, err := h.Client().Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = answer.Body.Close() }()
		said, _ := io.ReadAll(answer.Body)
		fmt.Println(method, path, answer.StatusCode)
		if method == http.MethodGet {
			fmt.Println(string(said))
		}
	}
	ask("PUT", "/lists/home", "")
	ask("PUT", "/lists/home/items/flowers", `{"data": {"title": "water the flowers", "last_modified": 1795428000123}}`)
	ask("PUT", "/lists/home/items/nothing", `{"data": {}}`)
	ask("PUT", "/lists/work/items/mail", `{"data": {"title": "answer"}}`)
	ask("GET", "/lists/home/items?like_title=water", "")

	// Output:
	// PUT /lists/home 201
	// PUT /lists/home/items/flowers 201
	// PUT /lists/home/items/nothing 400
	// PUT /lists/work/items/mail 404
	// GET /lists/home/items?like_title=water 200
	// {"data":[{"title":"water the flowers","last_modified":1795428000123,"id":"flowers"}]}
}
