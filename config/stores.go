package config

// stores says what becomes of the stores that Kinto has and this software does not.
func (l *loader) stores() {
	l.kept()
	var permissions Backend
	_, given := l.apply(named("permission_backend", &permissions, permissionNames, permissionAdvice))
	if given && permissions != "" && permissions != Memory && permissions != l.Storage.ReadModel {
		l.warn("permission_backend", "permission_backend has no effect: permissions are kept with the objects, in %s.",
			l.Storage.ReadModel)
	}
	cache := "the cache is in the memory of the process"
	if l.Storage.Cache.Backend == Shared {
		cache = "what processes share is kept beside the event log"
	}
	if kind := l.valueOf("cache_backend"); l.Storage.Cache.Backend == Shared && cacheServers[kind] {
		l.warn("cache_backend", "cache_backend names %s, which is not used: %s.", kind, cache)
	}
	l.elsewhere("permission_url", "permissions are kept with the objects")
	l.elsewhere("cache_url", cache)
}

// kept sees to it that nothing is forgotten of what is kept outside of the process.
func (l *loader) kept() {
	reason := ""
	switch {
	case !l.Storage.Volatile:
		return
	case l.Storage.ReadModel == PostgreSQL:
		reason = "read_model is postgresql"
	case !l.EventLog.Embedded():
		reason = "the servers of nats_url keep the log"
	default:
		return
	}
	l.Storage.Volatile = false
	l.warn("storage_backend", "storage_backend has no effect: %s.", reason)
}

// elsewhere says why an address has no effect, if it is not that of the one database.
func (l *loader) elsewhere(name, sentence string) {
	var url URL
	_, given := l.apply(address(name, &url, func(text string) (URL, error) { return URL(text), nil }))
	if given && url != "" && string(url) != l.valueOf("storage_url") {
		l.warn(name, "%s has no effect: %s.", name, sentence)
	}
}

// cacheServers are the names of caches that are servers of their own.
var cacheServers = map[string]bool{
	"kinto.core.cache.memcached": true, "memcached": true,
	"kinto.core.cache.redis": true, "kinto_redis.cache": true, "redis": true,
}

// valueOf is what a setting was given as, "" for not at all.
func (l *loader) valueOf(name string) string {
	value, _, _ := l.resolve(name)
	return plain(value)
}
