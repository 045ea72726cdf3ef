package web

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// Wrap is the endpoint with other handlers of some methods, or of all if none is named.
func (e Endpoint) Wrap(with func(Handler) Handler, methods ...string) Endpoint {
	e.Methods = slices.Clone(e.Methods)
	for i, m := range e.Methods {
		if len(methods) == 0 || slices.Contains(methods, m.Name) {
			e.Methods[i].Handle = with(m.Handle)
		}
	}
	return e
}

// Shape is the handler with its answers changed before they are written: status, headers and body, which is empty where
// there is nothing to say, as with 304. Errors, also those of change, are answered as any others.
func (h Handler) Shape(change func(*Request, *Answer) error) Handler {
	return func(w http.ResponseWriter, r *Request) error {
		kept := &buffer{header: w.Header().Clone()}
		if err := h(kept, r); err != nil {
			return err
		}
		a := Answer{Status: cmp.Or(kept.status, http.StatusOK), Header: kept.header, Body: kept.body.Bytes()}
		if err := change(r, &a); err != nil {
			return err
		}
		if a.Header.Get("Content-Length") != "" {
			a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
		}
		clear(w.Header())
		maps.Copy(w.Header(), a.Header)
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body) // the client that does not read it does not want it
		return nil
	}
}
