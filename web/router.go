package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// router finds the endpoint of a path. It is the only place that knows the routing library.
type router struct {
	byDepth map[int]*mux.Router // by the number of slashes
	open    *mux.Router         // for paths that take any number, which come last
	routes  map[*mux.Route]*route
}

// route is an endpoint made ready.
type route struct {
	*Endpoint
	pattern string // path with version prefix
	methods map[string]Handler
	names   []string // methods as Allow lists them
	allow   string
	params  []string            // by segment, "" for one that is no parameter
	rest    string              // the parameter that takes all segments from the last of params on, "" for none
	exposed map[string][]string // method to the value of Access-Control-Expose-Headers
}

func newRouter(c *Config, endpoints []Endpoint) (*router, error) {
	r := &router{byDepth: map[int]*mux.Router{}, open: newMux(), routes: map[*mux.Route]*route{}}
	taken := map[string]string{}
	names := map[string]bool{}
	for _, e := range fixedFirst(endpoints) {
		if e.Name != "" && names[e.Name] {
			return nil, fmt.Errorf("endpoint %q: another one has its name", e.Name)
		}
		names[e.Name] = true
		route, err := newRoute(c, &e)
		if err != nil {
			return nil, fmt.Errorf("endpoint %q: %w", e.Name, err)
		}
		if other, again := taken[e.Path]; again {
			return nil, fmt.Errorf("endpoint %q: path %s is that of endpoint %q", e.Name, e.Path, other)
		}
		taken[e.Path] = e.Name
		added := r.at(route).Path(route.pattern)
		if err := added.GetError(); err != nil {
			return nil, fmt.Errorf("endpoint %q: %w", e.Name, err)
		}
		// A route without handler never matches.
		added.Handler(http.NotFoundHandler())
		r.routes[added] = route
	}
	return r, nil
}

// newMux matches alone: mux would clean paths, and thereby change which object they name.
func newMux() *mux.Router { return mux.NewRouter().UseEncodedPath() }

// at is where a route is looked for.
func (r *router) at(route *route) *mux.Router {
	if route.rest != "" {
		return r.open
	}
	depth := strings.Count(route.pattern, "/")
	if r.byDepth[depth] == nil {
		r.byDepth[depth] = newMux()
	}
	return r.byDepth[depth]
}

// fixedFirst is the order to try endpoints in: those with the fewest parameters first.
func fixedFirst(endpoints []Endpoint) []Endpoint {
	return slices.SortedStableFunc(slices.Values(endpoints), func(a, b Endpoint) int {
		return strings.Count(a.Path, "{") - strings.Count(b.Path, "{")
	})
}

func newRoute(c *Config, e *Endpoint) (*route, error) {
	if err := checkPath(e.Path); err != nil {
		return nil, err
	}
	if e.Kind != Utility && e.Resource == nil {
		return nil, fmt.Errorf("an endpoint of a resource must name the resource")
	}
	r := &route{
		Endpoint: e, pattern: "/" + c.Version + e.Path,
		methods: map[string]Handler{}, exposed: map[string][]string{},
	}
	if r.params, r.rest = params(e.Path); r.rest != "" {
		r.pattern = strings.TrimSuffix(r.pattern, restSuffix) + ":.*}" // as the routing library writes it
	}
	for _, m := range e.Methods {
		switch {
		case m.Name != strings.ToUpper(m.Name):
			return nil, fmt.Errorf("method %q must be in capitals", m.Name)
		case m.Handle == nil || r.methods[m.Name] != nil:
			return nil, fmt.Errorf("method %q has no handler, or two", m.Name)
		case m.Name == http.MethodOptions:
			return nil, fmt.Errorf("OPTIONS is answered by the frame")
		}
		if !c.ReadOnly || isRead(m.Name) {
			r.methods[m.Name] = m.Handle
			r.names = append(r.names, m.Name)
		}
	}
	if get := r.methods[http.MethodGet]; get != nil && r.methods[http.MethodHead] == nil {
		r.methods[http.MethodHead] = get
		r.names = slices.Insert(r.names, slices.Index(r.names, http.MethodGet)+1, http.MethodHead)
	}
	r.names = append(r.names, http.MethodOptions)
	r.allow = strings.Join(r.names, ", ")
	for _, name := range r.names {
		r.exposed[name] = []string{rest.Exposed(e.Kind, name)}
	}
	return r, nil
}

// checkPath tells what is wrong with the path of an endpoint.
func checkPath(path string) error {
	if path == "/" {
		return nil
	}
	words, isAbsolute := strings.CutPrefix(path, "/")
	if !isAbsolute {
		return fmt.Errorf("path %q must begin with a slash", path)
	}
	segments := strings.Split(words, "/")
	for i, segment := range segments {
		switch parts := segmentSyntax.FindStringSubmatch(segment); {
		case segment == "":
			return fmt.Errorf("path %q must have something after each slash", path)
		case parts == nil:
			return fmt.Errorf("path %q: %q is neither a word nor a name in braces", path, segment)
		case parts[2] != "" && i < len(segments)-1:
			return fmt.Errorf("path %q goes on after what takes all that follows", path)
		case parts[1] != "" && slices.Contains(segments[:i], "{"+parts[1]+"}"):
			return fmt.Errorf("path %q has two parameters %q", path, parts[1])
		}
	}
	return nil
}

// segmentSyntax is a segment of the path of an endpoint: a word, or a parameter.
var segmentSyntax = regexp.MustCompile(`^(?:[^{}]*|\{([A-Za-z_][A-Za-z0-9_-]*)(\.\.\.)?\})$`)

// restSuffix ends a path of which the last parameter takes all that follows.
const restSuffix = "...}"

// params are the names of the segments that are parameters, "" for the others, up to the one that takes the rest, if
// there is one.
func params(path string) (names []string, rest string) {
	names = strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range names {
		name, isParam := strings.CutPrefix(segment, "{")
		names[i] = ""
		if isParam {
			names[i] = strings.TrimSuffix(name, "}")
		}
	}
	last := len(names) - 1
	if name, isRest := strings.CutSuffix(names[last], "..."); isRest {
		return names[:last], name
	}
	return names, ""
}

func isRead(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// find returns the route of a request; nil if there is none.
func (r *router) find(req *http.Request) *route {
	for _, m := range [...]*mux.Router{r.byDepth[strings.Count(req.URL.EscapedPath(), "/")], r.open} {
		var match mux.RouteMatch
		if m != nil && m.Match(req, &match) {
			return r.routes[match.Route]
		}
	}
	return nil
}

// address fills in what the decoded segments of the path name.
func (r *Request) address() {
	route, segments := r.route, r.Segments()
	r.Endpoint, r.Resource = route.Endpoint, route.Resource
	r.Plural, r.URI = "", ""
	r.Params = make(map[string]string, len(route.params))
	for i, name := range route.params {
		if name != "" {
			r.Params[name] = segments[i]
		}
	}
	if route.rest != "" {
		r.Params[route.rest] = strings.Join(segments[len(route.params):], "/")
	}
	if route.Kind == Utility {
		return
	}
	path := "/" + strings.Join(segments, "/")
	if route.Kind == PluralEndpoint {
		r.Plural = domain.Plural(path)
		return
	}
	r.URI = domain.URI(path)
	r.Plural = r.URI.Plural()
}

// PluralOf is the plural endpoint of a resource.
func PluralOf(r *domain.Resource, methods ...Method) Endpoint {
	return Endpoint{Name: r.Name + "-plural", Path: r.Path, Kind: PluralEndpoint, Resource: r, Methods: methods}
}

// ObjectOf is the endpoint of the objects of a resource.
func ObjectOf(r *domain.Resource, methods ...Method) Endpoint {
	return Endpoint{Name: r.Name + "-object", Path: r.Path + "/{id}", Kind: ObjectEndpoint, Resource: r, Methods: methods}
}
