package config

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"
)

// table is every setting whose name is fixed, in the order in which they are shown.
func (s *Settings) table() []binding {
	return slices.Concat(
		s.Project.bindings(), s.HTTP.bindings(), s.Limits.bindings(), s.Resources.bindings(),
		s.Auth.bindings(), s.Plugins.bindings(), s.Metrics.bindings(), s.Storage.bindings(), s.EventLog.bindings(),
		[]binding{
			choice("log_format", &s.Logging.Format, "text", "json"),
			choice("log_level", &s.Logging.Level, "debug", "info", "warn", "error"),
		},
	)
}

func (p *Project) bindings() []binding {
	return []binding{
		text("project_name", &p.Name),
		text("project_version", &p.Version),
		text("project_docs", &p.Docs),
		text("http_api_version", &p.APIVersion),
		text("version_json_path", &p.VersionFile),
		text("error_info_link", &p.ErrorLink),
	}
}

func (h *HTTP) bindings() []binding {
	return []binding{
		flag("readonly", &h.ReadOnly),
		choice("http_scheme", &h.Scheme, "http", "https", ""),
		text("http_host", &h.Host),
		seconds("retry_after_seconds", &h.RetryAfter),
		seconds("backoff", &h.Backoff),
		bind("backoff_percentage", &h.BackoffPercentage, parsePercentage),
		seconds("heartbeat_timeout_seconds", &h.HeartbeatTimeout),
		seconds("root_cache_expires_seconds", &h.RootCacheExpires),
		flag("version_prefix_redirect_enabled", &h.VersionRedirect),
		optionalSeconds("version_prefix_redirect_ttl_seconds", &h.VersionRedirectTTL),
		flag("trailing_slash_redirect_enabled", &h.SlashRedirect),
		optionalSeconds("trailing_slash_redirect_ttl_seconds", &h.SlashRedirectTTL),
		list("cors_origins", &h.CORS.Origins),
		optionalSeconds("cors_max_age_seconds", &h.CORS.MaxAge),
		h.EndOfService.binding(),
		text("eos_message", &h.EndOfService.Message),
		text("eos_url", &h.EndOfService.URL),
	}
}

func parsePercentage(text string) (int, error) {
	if text == "" {
		return 100, nil
	}
	return parseInt(text, 0, 100)
}

func (e *EndOfService) binding() binding {
	return bind("eos", &e.At, func(text string) (time.Time, error) {
		if text == "" {
			e.Text = ""
			return time.Time{}, nil
		}
		at, err := parseDate(text)
		if err == nil {
			e.Text = text
		}
		return at, err
	})
}

func (l *Limits) bindings() []binding {
	return []binding{
		limit("batch_max_requests", &l.BatchMaxRequests),
		flag("batch_strict", &l.BatchStrict),
		limit("paginate_by", &l.PaginateBy),
		count("storage_max_fetch_size", &l.MaxFetchSize, 1),
		count("max_page_bytes", &l.MaxPageBytes, 1),
		seconds("pagination_token_validity_seconds", &l.TokenValidity),
		seconds("read_timeout_seconds", &l.ReadTimeout),
		duration("answer_timeout_ms", &l.AnswerTimeout, time.Millisecond),
		count("max_lag", &l.MaxLag, 1),
		count("max_lag_bytes", &l.MaxLagBytes, 1),
		between("max_waiting_writes", &l.MaxWaitingWrites, 1, 1_000_000),
		between("max_subscribers", &l.MaxSubscribers, 0, 100_000),
		seconds("max_replay_seconds", &l.MaxReplay),
		count("max_url_bytes", &l.MaxURLBytes, 1),
		count("max_headers", &l.MaxHeaders, 1),
		count("max_header_bytes", &l.MaxHeaderBytes, 1),
		count("max_body_bytes", &l.MaxBodyBytes, 1),
		count("max_batch_bytes", &l.MaxBatchBytes, 1),
		seconds("body_timeout_seconds", &l.BodyTimeout),
		seconds("send_timeout_seconds", &l.SendTimeout),
		between("max_id_bytes", &l.MaxIDBytes, 36, 255),
		between("max_json_depth", &l.MaxJSONDepth, 1, 200),
		between("max_json_keys", &l.MaxJSONKeys, 1, 100_000),
		between("max_patch_operations", &l.MaxPatchOperations, 1, 1000),
		between("max_principals", &l.MaxPrincipals, 1, 5000),
		between("max_principal_bytes", &l.MaxPrincipalBytes, 1, 1024),
		between("max_idempotency_key_bytes", &l.MaxIdempotencyKeyBytes, 1, 255),
		count("max_repeatable_bytes", &l.MaxRepeatableBytes, 1),
		count("max_query_bytes", &l.MaxQueryBytes, 1),
		count("max_query_filters", &l.MaxQueryFilters, 1),
		between("max_query_values", &l.MaxQueryValues, 1, 10_000),
		between("max_sort_fields", &l.MaxSortFields, 1, 100),
		count("max_fields", &l.MaxFields, 1),
		count("max_field_depth", &l.MaxFieldDepth, 1),
	}
}

func (r *Resources) bindings() []binding {
	return []binding{
		named("id_generator", &r.IDGenerator, generatorNames, generatorAdvice),
		flag("experimental_collection_schema_validation", &r.SchemaValidation),
		flag("experimental_permissions_endpoint", &r.PermissionsEndpoint),
		flag("explicit_permissions", &r.ExplicitPermissions),
	}
}

func (a *Auth) bindings() []binding {
	return []binding{
		secret("userid_hmac_secret", &a.UserIDSecret),
		bind("multiauth.policies", &a.Policies, parsePolicies),
		seconds("account_cache_ttl_seconds", &a.AccountCacheTTL),
	}
}

func (p *Plugins) bindings() []binding {
	h, a := &p.History, &p.Attachments
	return slices.Concat([]binding{
		bind("includes", &p.Includes, parseIncludes),
		secret("default_bucket_hmac_secret", &p.DefaultBucketSecret),
		text("admin_assets_path", &p.AdminAssets),
		bind("history.exclude_resources", &h.ExcludeResources, parseURIs),
		list("history.exclude_user_ids", &h.ExcludeUserIDs),
		count("history.auto_trim_max_count", &h.TrimMaxCount, -1),
		list("history.auto_trim_user_ids", &h.TrimUserIDs),
		count("history.auto_trim_threshold", &h.TrimThreshold, 0),
		text("attachment.base_path", &a.BasePath),
		bind("attachment.base_url", &a.BaseURL, parseBaseURL),
		bind("attachment.folder", &a.Folder, parseFolder),
		bind("attachment.extensions", &a.Extensions, parseExtensions),
		bind("attachment.mimetypes", &a.MimeTypes, parseMimeTypes),
	}, a.Rules.bindings("attachment."))
}

func (r *AttachmentRules) bindings(prefix string) []binding {
	return []binding{
		flag(prefix+"keep_old_files", &r.KeepOldFiles),
		flag(prefix+"randomize", &r.Randomize),
		bind(prefix+"filename_pattern", &r.FilenamePattern, parsePattern),
		limit(prefix+"max_size_bytes", &r.MaxSizeBytes),
	}
}

func (m *Metrics) bindings() []binding {
	return []binding{
		list("metrics_matchdict_fields", &m.MatchdictFields),
		text("prometheus_prefix", &m.Prefix),
		list("disabled_metrics", &m.Disabled), // as Kinto documents it
		list("prometheus_disabled_metrics", &m.Disabled),
		flag("prometheus_created_metrics_enabled", &m.CreatedSeries),
		bind("prometheus_histogram_buckets", &m.HistogramBuckets, parseBuckets),
		address("statsd_url", &m.StatsdURL, parseStatsd),
		text("statsd_prefix", &m.StatsdPrefix),
	}
}

func parseStatsd(text string) (URL, error) {
	u, err := withScheme(text, "udp")
	if parsed, _ := u.parse("udp"); err == nil && parsed.Port() == "" {
		err = errors.New("must name host and port, such as udp://127.0.0.1:8125")
	}
	return u, err
}

// parseBuckets leaves out the last bound if it is infinite.
func parseBuckets(text string) ([]float64, error) {
	var buckets []float64
	for _, word := range items(text) {
		bound, err := strconv.ParseFloat(word, 64)
		if err != nil || math.IsNaN(bound) || len(buckets) > 0 && bound <= buckets[len(buckets)-1] {
			return nil, errors.New("must be numbers that grow, the last of which may be Inf")
		}
		buckets = append(buckets, bound)
	}
	if last := len(buckets) - 1; last >= 0 && math.IsInf(buckets[last], 1) {
		buckets = buckets[:last]
	}
	return buckets, nil
}

func (s *Storage) bindings() []binding {
	return []binding{
		text("data_dir", &s.DataDir),
		bind("storage_backend", &s.ReadModel, s.backend),
		choice("read_model", &s.ReadModel, string(SQLite), string(PostgreSQL)),
		address("storage_url", &s.URL, postgresURL),
		named("cache_backend", &s.Cache.Backend, cacheNames, cacheAdvice),
		text("cache_prefix", &s.Cache.Prefix),
		count("cache_max_size_bytes", &s.Cache.MaxBytes, 1),
	}
}

// backend is the read model for a storage_backend. There is none that forgets: memory is SQLite.
func (s *Storage) backend(text string) (Backend, error) {
	backend, err := component(storageNames, text, storageAdvice)
	s.Volatile = err == nil && backend == Memory
	if s.Volatile {
		return SQLite, nil
	}
	return backend, err
}

func (l *EventLog) bindings() []binding {
	return []binding{
		addresses("nats_url", &l.URLs, "nats", "tls", "ws", "wss"),
		text("nats_stream", &l.Stream),
		between("nats_replicas", &l.Replicas, 1, 3),
		text("nats_listen", &l.Listen),
		addresses("nats_monitor_urls", &l.MonitorURLs, "http", "https"),
		text("nats_user", &l.User),
		secret("nats_password", &l.Password),
		text("nats_credentials", &l.Credentials),
		choice("log_sync", &l.Sync, string(SyncAlways), string(SyncInterval)),
	}
}
