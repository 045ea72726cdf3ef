package main

import "net/http"

// keys are user ids by key. They recognise callers by a header.
type keys map[string]string

// Authenticate implements web.Authenticator.
func (k keys) Authenticate(r *http.Request) (userID string, err error) {
	if user, known := k[r.Header.Get("X-Key")]; known {
		return "key:" + user, nil
	}
	return "", nil // not one of these: the next authenticator is asked
}

// Challenge implements web.Authenticator.
func (keys) Challenge() string { return "" }
