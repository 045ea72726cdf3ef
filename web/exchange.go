package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// exchange is one request and what becomes of it. Its methods are in the order in which they happen:
// route, dispatch, admit, authenticate, and fail if one of them returns an error.
type exchange struct {
	Request
	answer recorder
	memory *buffer // what answer writes to, if that is within the process
	frame  *Frame
	errno  int // of the error it was answered with, 0 if none
	parts  []Answer
}

func (f *Frame) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{frame: f, answer: recorder{ResponseWriter: w, timeout: f.config.Limits.AnswerTime}}
	x.Request = Request{Request: r, limit: f.config.Limits.Body, timeout: f.config.Limits.BodyTime, w: &x.answer, ending: f.ending, parts: &x.parts}
	return x
}

// run takes a step and answers for its error or panic.
func (x *exchange) run(step func() error) {
	defer func() {
		if cause := recover(); cause != nil {
			x.panicked(cause)
		}
	}()
	if err := step(); err != nil {
		x.fail(err)
	}
}

// route finds the endpoint, or where else to look for it.
func (x *exchange) route() error {
	escaped := x.URL.EscapedPath()
	segments, err := rest.SplitPath(escaped)
	if err != nil {
		return err
	}
	if _, redirect, err := rest.ResolvePath(escaped, x.frame.paths); err != nil || redirect != "" {
		return x.elsewhere(redirect, err)
	}
	route := x.frame.router.find(x.Request.Request)
	if route == nil {
		return x.strayed(escaped)
	}
	x.Pattern = route.pattern
	x.Request.route, x.segments = route, segments
	x.address()
	return x.dispatch(route)
}

// dispatch lets the endpoint answer.
func (x *exchange) dispatch(route *route) error {
	handle := route.methods[x.Method]
	if handle == nil && x.Method != http.MethodOptions {
		x.answer.Header()["Allow"] = []string{route.allow}
		return &domain.Error{Code: domain.MethodNotAllowed}
	}
	if handle == nil {
		return x.preflight(route)
	}
	if err := x.admit(route); err != nil {
		return err
	}
	if err := x.authenticate(); err != nil {
		return err
	}
	for _, before := range x.frame.config.Before {
		if err := before(&x.Request); err != nil {
			return err
		}
	}
	return handle(&x.answer, &x.Request)
}

// admit checks the headers that all requests of a kind have in common.
func (x *exchange) admit(route *route) error {
	x.answer.Header()["Access-Control-Expose-Headers"] = route.exposed[x.Method]
	if err := x.allowOrigin(); err != nil {
		return err
	}
	if route.Kind != Utility {
		if err := rest.CheckAccept(x.Header); err != nil {
			return err
		}
	}
	if route.Kind != Utility || route.TakesJSON {
		if err := checkContentType(x.Method, x.Header); err != nil {
			return err
		}
	}
	return nil
}

// checkContentType refuses bodies that are no JSON, where bodies count.
func checkContentType(method string, h http.Header) *domain.Error {
	switch method {
	case http.MethodPost, http.MethodPut:
		return rest.CheckContentType(h)
	case http.MethodPatch:
		_, err := rest.PatchKind(h)
		return err
	}
	return nil
}

// authenticate asks the policies in turn who calls.
func (x *exchange) authenticate() error {
	if x.Endpoint.Public {
		return nil
	}
	var err error
	x.Caller, err = x.frame.Identify(x.Request.Request)
	return err
}

// unavailable is an error of something that is needed to answer.
func unavailable(err error) error {
	if _, known := errors.AsType[*domain.Error](err); known {
		return err
	}
	return &domain.Error{Code: domain.Unavailable, Cause: err}
}

// fail answers with an error.
func (x *exchange) fail(err error) {
	problem := rest.Problem(err)
	if gone := x.Context().Err(); gone != nil && errors.Is(err, gone) {
		problem = &domain.Error{Code: domain.Unavailable} // nobody reads it, and nothing is wrong
	} else if rest.Status(problem.Code) >= http.StatusInternalServerError {
		x.report(err, "request failed")
	}
	x.errno = rest.Errno(problem.Code)
	if problem.Permission != "" {
		x.Note("perm", problem.Permission)
		x.Note("uri", problem.URI)
	}
	if x.answer.status != 0 {
		return // the answer is under way: it can only be cut off by the handler itself
	}
	h := x.answer.Header()
	rest.Headers(h, problem, x.frame.config.Errors)
	if problem.Code == domain.Unauthenticated {
		x.challenge(h)
	}
	WriteDocument(&x.answer, rest.Status(problem.Code), rest.Body(problem, x.frame.config.Errors))
}

// challenge tells which credentials would do.
func (x *exchange) challenge(h http.Header) {
	for _, policy := range x.frame.config.Authenticators {
		if challenge := policy.Challenge(); challenge != "" {
			h.Add("WWW-Authenticate", challenge)
		}
	}
}

// panicked answers for a mistake in the code of an endpoint. An answer that is under way is cut off, so that
// the client does not take it for whole.
func (x *exchange) panicked(cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	x.frame.config.Log.WithFields(x.identity()).WithField("stack", string(debug.Stack())).Errorf("panic: %v", cause)
	switch {
	case x.memory != nil:
		x.memory.body.Reset()
		x.memory.status, x.answer.status, x.answer.size = 0, 0, 0
	case x.answer.status != 0:
		panic(http.ErrAbortHandler)
	}
	x.fail(errPanic)
}

// errPanic is logged where it happens, with its stack.
var errPanic = &reported{errors.New("panic")}

// reported is an error that is not to be logged.
type reported struct{ error }

// Unwrap is the error.
func (r *reported) Unwrap() error { return r.error }

func (x *exchange) report(err error, what string) {
	if _, done := errors.AsType[*reported](err); done {
		return
	}
	x.frame.config.Log.WithFields(x.identity()).WithField(logrus.ErrorKey, fmt.Sprintf("%+v", err)).Error(what)
}

// identity names the request in logs.
func (x *exchange) identity() logrus.Fields {
	fields := logrus.Fields{"rid": x.ID, "method": x.Method, "path": x.URL.Path, "uid": x.Caller.UserID}
	x.traced(fields)
	return fields
}
