package config

import (
	"cmp"
	"net"
	"net/url"
	"slices"
)

// Plugin is a plug-in that this software has built in.
type Plugin string

// The plug-ins, by the names that they have in Python, which includes lists.
const (
	PluginAccounts      Plugin = "kinto.plugins.accounts"
	PluginAdmin         Plugin = "kinto.plugins.admin"
	PluginAttachment    Plugin = "kinto_attachment"
	PluginCounters      Plugin = "kinto.plugins.counters"
	PluginDefaultBucket Plugin = "kinto.plugins.default_bucket"
	PluginFlush         Plugin = "kinto.plugins.flush"
	PluginHistory       Plugin = "kinto.plugins.history"
	PluginOpenID        Plugin = "kinto.plugins.openid"
	PluginPrometheus    Plugin = "kinto.plugins.prometheus"
	PluginStatsd        Plugin = "kinto.plugins.statsd"
)

// Plugins are those in use, and their settings.
type Plugins struct {
	Includes []Plugin // includes; none

	DefaultBucketSecret Secret // default_bucket_hmac_secret; "", which is used as it is (protocol 7.1)
	AdminAssets         string // admin_assets_path, a folder; "" for a page that tells how to get the console
	History             History
	Attachments         Attachments
}

// Has reports whether a plug-in is in use.
func (p Plugins) Has(plugin Plugin) bool { return slices.Contains(p.Includes, plugin) }

// History are the settings of the history plug-in (protocol 7.2).
type History struct {
	ExcludeResources []string // history.exclude_resources, URIs; none
	ExcludeUserIDs   []string // history.exclude_user_ids; none
	TrimMaxCount     int      // history.auto_trim_max_count, entries; -1 or 0 for no trimming
	TrimUserIDs      []string // history.auto_trim_user_ids; none for everyone
	TrimThreshold    int      // history.auto_trim_threshold, entries; 100
}

// Attachments are the settings of the attachments plug-in (protocol, appendix B).
type Attachments struct {
	BasePath   string            // attachment.base_path, a folder; ""
	BaseURL    string            // attachment.base_url; ""
	Extra      map[string]string // attachment.extra.{name}; none
	Folder     string            // attachment.folder; "{bucket_id}/{collection_id}"
	Extensions []string          // attachment.extensions; default
	MimeTypes  map[string]string // attachment.mimetypes, type by extension, written ".ext:type"; none
	AWS        map[string]Secret // attachment.aws.{name}; none
	Cloud      map[string]Secret // attachment.gcloud.{name}; none
	Rules      AttachmentRules   // attachment.{name}
	// Resources are attachment.resources.{bid}[.{cid}].{name} by "{bid}" or "{bid}.{cid}", the others being those of Rules. See [Attachments.For].
	Resources map[string]map[string]string
}

// AttachmentRules are what can differ between collections.
type AttachmentRules struct {
	KeepOldFiles    bool   // keep_old_files; false
	Randomize       bool   // randomize; true
	FilenamePattern string // filename_pattern, with {datetime}, {rid} and {filename}; ""
	MaxSizeBytes    int    // max_size_bytes; 0 for no limit but that of the body
}

// For returns the rules of one collection: its own, then those of its bucket, then those of all.
func (a Attachments) For(bucket, collection string) AttachmentRules {
	rules := a.Rules
	for _, name := range []string{bucket, bucket + "." + collection} {
		for _, b := range rules.bindings("") {
			if text, ok := a.Resources[name][b.name]; ok {
				_ = b.set(text) // was tried by Load
			}
		}
	}
	return rules
}

// S3Endpoint is the URL of the S3 store: attachment.aws.endpoint, or what host, port and is_secure say of it, which are
// Kinto's way to put it; "" for Amazon.
func (a Attachments) S3Endpoint() string {
	host, port := a.AWS["host"].Reveal(), a.AWS["port"].Reveal()
	if host == "" && port == "" && a.AWS["is_secure"] != "false" {
		return a.AWS["endpoint"].Reveal()
	}
	endpoint := url.URL{Scheme: "https", Host: cmp.Or(host, "s3.amazonaws.com")}
	if a.AWS["is_secure"] == "false" {
		endpoint.Scheme = "http"
	}
	if port != "" {
		endpoint.Host = net.JoinHostPort(endpoint.Host, port)
	}
	return endpoint.String()
}

// Listener is one of event_listeners (protocol 10.5). Its settings are event_listeners.{name}.*.
type Listener struct {
	Name      string
	Use       string            // use: "webhook"
	Actions   []string          // actions, of create, update, delete and read; create update delete
	Resources []string          // resources, names; none for all
	Options   map[string]Secret // the others
}
