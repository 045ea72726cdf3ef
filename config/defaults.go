package config

import "time"

// Defaults are the settings of somebody whose configuration file says nothing (protocol 9.2).
func Defaults() *Settings {
	return &Settings{
		Server: Server{Host: "127.0.0.1", Port: 8888},
		Project: Project{
			Name: "kinto", Docs: "https://kinto.readthedocs.io/", APIVersion: "1.23", VersionFile: "version.json",
			ErrorLink: "https://github.com/Kinto/kinto/issues/",
		},
		HTTP: HTTP{
			RetryAfter: 3 * time.Second, BackoffPercentage: 100, HeartbeatTimeout: 10 * time.Second,
			RootCacheExpires: 24 * time.Hour,
			VersionRedirect:  true, VersionRedirectTTL: -time.Second,
			SlashRedirect: true, SlashRedirectTTL: time.Hour,
			CORS: CORS{Origins: []string{"*"}, MaxAge: time.Hour},
		},
		Limits: Limits{
			BatchMaxRequests: 25, MaxFetchSize: 10000, MaxPageBytes: 64 << 20, TokenValidity: 10 * time.Minute,
			ReadTimeout: 30 * time.Second, AnswerTimeout: 2 * time.Second, MaxLag: 10000, MaxLagBytes: 128 << 20, MaxWaitingWrites: 4096,
			MaxSubscribers: 1000, MaxReplay: 24 * time.Hour,
			MaxURLBytes: 32 << 10, MaxHeaders: 100, MaxHeaderBytes: 64 << 10, MaxBodyBytes: 8 << 20, MaxBatchBytes: 16 << 20,
			BodyTimeout: 30 * time.Second, SendTimeout: 30 * time.Second,
			MaxIDBytes: 255, MaxJSONDepth: 200, MaxJSONKeys: 100_000, MaxPatchOperations: 1000,
			MaxPrincipals: 5000, MaxPrincipalBytes: 1024, MaxIdempotencyKeyBytes: 255, MaxRepeatableBytes: 1 << 20,
			MaxQueryBytes: 32 << 10, MaxQueryFilters: 100, MaxQueryValues: 1000, MaxSortFields: 10, MaxFields: 100, MaxFieldDepth: 20,
		},
		Resources: Resources{
			IDGenerators:        map[string]IDGenerator{"bucket": Names, "group": Names, "collection": Names, "record": RelaxedUUID},
			ExplicitPermissions: true,
			Grants: map[string][]string{
				"bucket_create":    {"system.Authenticated"},
				"permissions_read": {"system.Everyone"},
			},
			Methods:      map[string]bool{},
			CacheExpires: map[string]time.Duration{},
		},
		Auth: Auth{AccountCacheTTL: 30 * time.Second},
		Plugins: Plugins{
			History: History{TrimMaxCount: -1, TrimThreshold: 100},
			Attachments: Attachments{
				Extra: map[string]string{}, Folder: "{bucket_id}/{collection_id}", Extensions: []string{"default"},
				MimeTypes: map[string]string{}, AWS: map[string]Secret{}, Cloud: map[string]Secret{},
				Rules: AttachmentRules{Randomize: true}, Resources: map[string]map[string]string{},
			},
		},
		Metrics:  metricsDefaults(),
		Storage:  Storage{DataDir: "data", ReadModel: SQLite, Cache: Cache{Backend: Memory, MaxBytes: 512 << 10}},
		EventLog: EventLog{Stream: "kintolog", Replicas: 1, Sync: SyncAlways},
		Logging:  Logging{Format: "text", Level: "info"},
	}
}

func metricsDefaults() Metrics {
	return Metrics{
		MatchdictFields: []string{"bucket_id", "collection_id", "group_id", "record_id"},
		CreatedSeries:   true, HistogramBuckets: []float64{.01, .05, .1, .5, 1, 3, 6},
		StatsdPrefix: "kinto.core",
	}
}

// Newcomer are the settings of somebody who has no configuration file yet: the defaults, kept in dataDir, with Basic
// authentication that accepts any user with any password. Nobody but programs on the same computer can
// connect. The caller fills Auth.UserIDSecret, unless it was given, from [LoadOrCreateSecret].
func Newcomer(dataDir string) *Settings {
	s := Defaults()
	s.Newcomer = true
	s.Storage.DataDir = dataDir
	s.Auth.Policies = []Policy{newPolicy("basicauth", BasicAuth)}
	return s
}
