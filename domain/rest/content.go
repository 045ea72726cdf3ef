package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// The media types of bodies.
const (
	JSON           = "application/json"
	MergePatchJSON = "application/merge-patch+json"
	JSONPatchJSON  = "application/json-patch+json"
)

// CheckAccept refuses a request whose Accept header excludes JSON (protocol 2.1). A media range with parameters of its own
// does not match; of those that match the most specific one decides. A header in which there is no media range counts as absent.
func CheckAccept(h http.Header) *domain.Error {
	quality, specificity, ranges := 0.0, 0, 0
	for element := range strings.SplitSeq(strings.Join(h["Accept"], ","), ",") {
		mediaRange, q, ok := splitRange(element)
		if !ok {
			continue
		}
		ranges++
		if s := slices.Index(acceptable, mediaRange) + 1; s > specificity {
			specificity, quality = s, q
		}
	}
	if ranges == 0 || quality > 0 {
		return nil
	}
	return wrongType(domain.NotAcceptable, "Accept", []string{JSON})
}

// acceptable are the media ranges that match JSON, the most specific last.
var acceptable = []string{"*/*", "application/*", JSON}

// splitRange reads one element of Accept. Parameters other than the quality stay with the range.
func splitRange(element string) (mediaRange string, quality float64, ok bool) {
	parts := strings.Split(strings.ToLower(element), ";")
	quality = 1
	var rest []string
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if value, isQuality := strings.CutPrefix(part, "q="); isQuality {
			quality, _ = strconv.ParseFloat(value, 64)
			continue
		}
		rest = append(rest, part)
	}
	mediaRange = strings.Join(rest, ";")
	kind, subtype, found := strings.Cut(mediaRange, "/")
	return mediaRange, quality, found && kind != "" && subtype != ""
}

// CheckContentType refuses the body of a POST or PUT that is not declared as JSON; parameters do not matter, and no declaration will do.
func CheckContentType(h http.Header) *domain.Error {
	if t := mediaType(h); t != "" && t != JSON {
		return wrongType(domain.UnsupportedType, "Content-Type", []string{JSON})
	}
	return nil
}

// PatchKind is how the body of a PATCH is to be read, by its Content-Type.
func PatchKind(h http.Header) (domain.PatchKind, *domain.Error) {
	switch mediaType(h) {
	case "", JSON:
		return domain.MergeAttributes, nil
	case MergePatchJSON:
		return domain.MergePatch, nil
	case JSONPatchJSON:
		return domain.JSONPatch, nil
	}
	return 0, wrongType(domain.UnsupportedType, "Content-Type", []string{JSON, MergePatchJSON, JSONPatchJSON})
}

func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func wrongType(code domain.Code, header string, allowed []string) *domain.Error {
	return &domain.Error{Code: code, Details: []domain.Detail{{
		Location: domain.InHeader, Name: header,
		Description: header + " header should be one of ['" + strings.Join(allowed, "', '") + "']",
	}}}
}

// Behavior is how much the answer to a PATCH shows (protocol 2.6).
type Behavior string

// The behaviors: the whole object with its permissions, the attributes that changed, and of these the ones that
// differ from what the client sent.
const (
	Full  Behavior = "full"
	Light Behavior = "light"
	Diff  Behavior = "diff"
)

// ResponseBehavior reads the header of that name; Full if there is none.
func ResponseBehavior(h http.Header) (Behavior, *domain.Error) {
	switch b := Behavior(h.Get("Response-Behavior")); b {
	case "":
		return Full, nil
	case Full, Light, Diff:
		return b, nil
	default:
		return "", domain.Invalidf(domain.InHeader, "Response-Behavior", `"%s" is not one of full, light, diff`, string(b))
	}
}
