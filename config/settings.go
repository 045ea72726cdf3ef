package config

import (
	"strings"
	"time"
)

// Settings is all that an operator can decide. The comment of each field is the name of its setting, the unit,
// and the default. The zero Settings is of no use: begin with [Load], [Defaults] or [Newcomer].
type Settings struct {
	// File is the configuration file that was read, "" for none.
	File string
	// Newcomer tells that there is no configuration file; see [Newcomer].
	Newcomer bool

	Server    Server
	Project   Project
	HTTP      HTTP
	Limits    Limits
	Resources Resources
	Auth      Auth
	Plugins   Plugins
	Listeners []Listener // event_listeners; none
	Metrics   Metrics
	Storage   Storage
	EventLog  EventLog
	Logging   Logging

	given []given // what was given, and where, sorted by name
}

// Server is where the service listens.
type Server struct {
	Host string // host in [server:main], KINTO_HOST; "127.0.0.1"
	Port int    // port in [server:main], PORT, http_port; 8888
}

// Project is what the service says of itself.
type Project struct {
	Name        string // project_name; "kinto"
	Version     string // project_version; "" for that of the software
	Docs        string // project_docs; "https://kinto.readthedocs.io/"
	APIVersion  string // http_api_version; "1.23"
	VersionFile string // version_json_path; "version.json"
	ErrorLink   string // error_info_link; "https://github.com/Kinto/kinto/issues/"
}

// Prefix is what every path begins with, without slashes: "v1".
func (p Project) Prefix() string {
	major, _, _ := strings.Cut(p.APIVersion, ".")
	return "v" + major
}

// HTTP is how requests are answered in general.
type HTTP struct {
	ReadOnly          bool          // readonly; false
	Scheme            string        // http_scheme, "http" or "https"; "" for that of the request
	Host              string        // http_host, with port if any; "" for that of the request
	RetryAfter        time.Duration // retry_after_seconds; 3 s
	Backoff           time.Duration // backoff, in seconds; 0 for no header
	BackoffPercentage int           // backoff_percentage, of the answers that carry it; 100
	HeartbeatTimeout  time.Duration // heartbeat_timeout_seconds; 10 s
	RootCacheExpires  time.Duration // root_cache_expires_seconds; 86400 s

	VersionRedirect    bool          // version_prefix_redirect_enabled; true
	VersionRedirectTTL time.Duration // version_prefix_redirect_ttl_seconds; negative (the default): no cache headers, 0: not to be cached
	SlashRedirect      bool          // trailing_slash_redirect_enabled; true
	SlashRedirectTTL   time.Duration // trailing_slash_redirect_ttl_seconds; 3600 s, negative and 0 as above

	CORS         CORS
	EndOfService EndOfService
}

// CORS is which web pages may use the service.
type CORS struct {
	Origins []string      // cors_origins, globs; "*"
	MaxAge  time.Duration // cors_max_age_seconds; 3600 s, negative (written as nothing) for no header
}

// EndOfService announces the end (protocol 8.5).
type EndOfService struct {
	At      time.Time // eos; the zero time for no end
	Text    string    // eos, as it was given
	Message string    // eos_message; ""
	URL     string    // eos_url; "" for Project.Docs
}

// Limits bound what one request, and the lag behind the log, may cost.
type Limits struct {
	BatchMaxRequests int           // batch_max_requests; 25, 0 for no limit
	BatchStrict      bool          // batch_strict: the first request that is refused undoes its batch; false
	PaginateBy       int           // paginate_by, objects; 0 for no limit but MaxFetchSize, which always holds
	MaxFetchSize     int           // storage_max_fetch_size, objects of one list; 10000
	MaxPageBytes     int           // max_page_bytes, of the data of a list, which ends with the object that exceeds them; 67108864
	TokenValidity    time.Duration // pagination_token_validity_seconds; 600 s
	ReadTimeout      time.Duration // read_timeout_seconds: how long a reading of the read model may take; 30 s
	AnswerTimeout    time.Duration // answer_timeout_ms: how long a write waits to be readable; 2000 ms
	MaxLag           int           // max_lag, entries that the read model may be behind before writes are refused; 10000
	MaxLagBytes      int           // max_lag_bytes, of what it may be behind; 134217728
	MaxWaitingWrites int           // max_waiting_writes, that wait for the log before more are refused; 4096
	MaxSubscribers   int           // max_subscribers, that hear of changes over HTTP at a time; 1000, 0 for no such endpoints
	MaxReplay        time.Duration // max_replay_seconds: how old what one of them missed may be to be told; 86400 s

	MaxURLBytes    int           // max_url_bytes, of path and query string; 32768
	MaxHeaders     int           // max_headers, lines of one request; 100
	MaxHeaderBytes int           // max_header_bytes, of all lines together; 65536
	MaxBodyBytes   int           // max_body_bytes, of a request; 8388608
	MaxBatchBytes  int           // max_batch_bytes, of the bodies of a batch, defaults filled in; 16777216
	BodyTimeout    time.Duration // body_timeout_seconds: how long a body may take to arrive; 30 s
	SendTimeout    time.Duration // send_timeout_seconds: how long a client may take for 256 KiB of an answer; 30 s

	MaxIDBytes             int // max_id_bytes, from 36 to 255; 255
	MaxJSONDepth           int // max_json_depth, nested arrays and objects, 200 at most; 200
	MaxJSONKeys            int // max_json_keys, members of all objects of a body, 100000 at most; 100000
	MaxPatchOperations     int // max_patch_operations, of a JSON Patch, 1000 at most; 1000
	MaxPrincipals          int // max_principals, of one permission of an object, 5000 at most; 5000
	MaxPrincipalBytes      int // max_principal_bytes, of one principal, 1024 at most; 1024
	MaxIdempotencyKeyBytes int // max_idempotency_key_bytes; 255
	MaxRepeatableBytes     int // max_repeatable_bytes, of an answer that is kept for its idempotency key; 1048576

	MaxQueryBytes   int // max_query_bytes, of a query string; 32768
	MaxQueryFilters int // max_query_filters, conditions of one query; 100
	MaxQueryValues  int // max_query_values, of one condition; 1000
	MaxSortFields   int // max_sort_fields, in _sort; 10
	MaxFields       int // max_fields, in _fields; 100
	MaxFieldDepth   int // max_field_depth, names in the path of one attribute; 20
}

// Resources is how resources behave.
type Resources struct {
	IDGenerator         IDGenerator            // id_generator; "" for each resource's own
	IDGenerators        map[string]IDGenerator // {resource}_id_generator; names for bucket, group and collection, relaxed-uuid for record
	SchemaValidation    bool                   // experimental_collection_schema_validation; false
	PermissionsEndpoint bool                   // experimental_permissions_endpoint; false
	ExplicitPermissions bool                   // explicit_permissions; true
	// Grants are {resource}_{permission}_principals by "{resource}_{permission}"; bucket_create is granted to
	// system.Authenticated and permissions_read to system.Everyone.
	Grants map[string][]string
	// Methods are plural_{resource}_{method}_enabled and object_…, by their complete name; all are on. See [Resources.Enabled].
	Methods map[string]bool
	// CacheExpires are …cache_expires_seconds by their complete name; none.
	CacheExpires map[string]time.Duration
}

// Enabled reports whether a method, such as "GET", of an endpoint is on. Plural tells the plural endpoint from that of objects.
func (r Resources) Enabled(plural bool, resource, method string) bool {
	kind := "object"
	if plural {
		kind = "plural"
	}
	enabled, given := r.Methods[kind+"_"+resource+"_"+strings.ToLower(method)+"_enabled"]
	return enabled || !given
}

// Logging is how the program reports what it does.
type Logging struct {
	Format string // log_format, "text" or "json"; "text"
	Level  string // log_level, "debug", "info", "warn" or "error"; "info"
}

// Metrics is what is measured, and how it is named (protocol 7.7).
type Metrics struct {
	MatchdictFields  []string  // metrics_matchdict_fields; bucket_id collection_id group_id record_id
	Prefix           string    // prometheus_prefix, which may be ""; else Project.Name
	Disabled         []string  // prometheus_disabled_metrics, or disabled_metrics; none
	CreatedSeries    bool      // prometheus_created_metrics_enabled; true
	HistogramBuckets []float64 // prometheus_histogram_buckets, ascending, without Inf, which is always there; 0.01 0.05 0.1 0.5 1 3 6
	StatsdURL        URL       // statsd_url, udp://host:port; "" for none
	StatsdPrefix     string    // statsd_prefix; "kinto.core"
}
