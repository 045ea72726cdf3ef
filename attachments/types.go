package attachments

import (
	"mime"
	"path"
	"regexp"
	"strings"
)

// groups are the names for many extensions that settings use.
var groups = map[string][]string{
	"text":        {"txt"},
	"documents":   {"rtf", "odf", "ods", "gnumeric", "abw", "doc", "docx", "xls", "xlsx", "pdf"},
	"images":      {"jpg", "jpe", "jpeg", "png", "gif", "svg", "bmp", "tiff", "webp", "avif"},
	"audio":       {"wav", "mp3", "aac", "ogg", "oga", "flac"},
	"video":       {"mp4", "m4v", "webm", "ogv", "mov", "avi", "mkv"},
	"data":        {"csv", "ini", "json", "plist", "xml", "yaml", "yml"},
	"scripts":     {"js", "php", "pl", "py", "rb", "sh"},
	"archives":    {"gz", "bz2", "zip", "tar", "tgz", "txz", "7z"},
	"executables": {"so", "exe", "dll"},
}

// What "default" stands for, and the name for all extensions and none.
var defaultGroups = []string{"text", "documents", "images", "data"}

const anything = "any"

// extensions are those that names of groups and of extensions allow; nil allows all.
func extensions(names []string) map[string]bool {
	allowed := map[string]bool{}
	var add func(names []string)
	add = func(names []string) {
		for _, name := range names {
			name = strings.ToLower(strings.TrimPrefix(name, "."))
			switch {
			case name == "default":
				add(defaultGroups)
			case groups[name] != nil:
				add(groups[name])
			default:
				allowed[name] = true
			}
		}
	}
	add(names)
	if allowed[anything] {
		return nil
	}
	return allowed
}

// extension is that of a file name, lower case and without the dot; "" if there is none.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// mimeTypes are those of common extensions, so that they do not depend on the machine.
var mimeTypes = map[string]string{
	"txt": "text/plain", "csv": "text/csv", "ini": "text/plain", "json": "application/json", "xml": "application/xml",
	"yaml": "application/yaml", "yml": "application/yaml", "rtf": "application/rtf", "pdf": "application/pdf", "doc": "application/msword",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "xls": "application/vnd.ms-excel",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"ods":  "application/vnd.oasis.opendocument.spreadsheet", "odf": "application/vnd.oasis.opendocument.formula",
	"jpg": "image/jpeg", "jpe": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
	"svg": "image/svg+xml", "bmp": "image/bmp", "tiff": "image/tiff", "webp": "image/webp", "avif": "image/avif",
	"wav": "audio/x-wav", "mp3": "audio/mpeg", "aac": "audio/aac", "ogg": "audio/ogg", "oga": "audio/ogg", "flac": "audio/flac",
	"mp4": "video/mp4", "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime",
	"gz": "application/gzip", "zip": "application/zip", "tar": "application/x-tar",
	"pem": "application/x-pem-file", "geojson": "application/geojson",
	"js": "text/javascript", "html": "text/html", "css": "text/css", "wasm": "application/wasm",
}

// unknownType is that of anything.
const unknownType = "application/octet-stream"

// mimeType is what the operator says of an extension, or what is known of it, or what the client says.
func (p *plugin) mimeType(name, said string) string {
	e := extension(name)
	for _, known := range []string{p.MimeTypes["."+e], p.MimeTypes[e], mimeTypes[e], mime.TypeByExtension("." + e), said} {
		if media, _, err := mime.ParseMediaType(known); err == nil && strings.Contains(media, "/") {
			return media
		}
	}
	return unknownType
}

// unsafe are the characters that a key does not take over from the name of a file.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// maxName bounds the length of what a key takes over, in bytes.
const maxName = 100

// safeName is a file name as a segment of a key: stem, which may be empty, and extension, the latter with its dot.
func safeName(name string) (stem, dotted string) {
	name = strings.TrimLeft(name, ".")
	if dotted = path.Ext(name); len(dotted) > 16 || dotted == "." {
		dotted = ""
	}
	stem = strings.TrimLeft(unsafe.ReplaceAllString(strings.TrimSuffix(name, dotted), "-"), ".-")
	return stem[:min(len(stem), maxName)], unsafe.ReplaceAllString(dotted, "-")
}

// baseName is a file name without the folders that some clients send along.
func baseName(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }
