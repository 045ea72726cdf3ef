package config

import (
	"fmt"
	"strings"

	"github.com/kintolog/kintolog/internal/nearest"
)

// IDGenerator says what ids are made of, and which are accepted (protocol 1.2).
type IDGenerator string

// The generators of ids.
const (
	Names       IDGenerator = "names"
	RelaxedUUID IDGenerator = "relaxed-uuid"
	UUID4       IDGenerator = "uuid4"
)

// Python knows components by dotted names. These are the ones that have a counterpart here; ours can be given
// by their short names as well.
var (
	storageNames = map[string]Backend{
		"kinto.core.storage.postgresql": PostgreSQL, "postgresql": PostgreSQL,
		"kinto.core.storage.memory": Memory, "memory": Memory,
		"sqlite": SQLite,
	}
	permissionNames = map[string]Backend{
		"kinto.core.permission.postgresql": PostgreSQL, "postgresql": PostgreSQL,
		"kinto.core.permission.memory": Memory, "memory": Memory,
		"sqlite": SQLite,
	}
	cacheNames = map[string]Backend{
		"kinto.core.cache.memory": Memory, "memory": Memory,
		"kinto.core.cache.postgresql": Shared, "postgresql": Shared,
		"kinto.core.cache.memcached": Shared, "memcached": Shared,
		"kinto.core.cache.redis": Shared, "kinto_redis.cache": Shared, "redis": Shared,
		"shared": Shared,
	}
	policyNames = map[string]PolicyKind{
		"kinto.core.authentication.BasicAuthAuthenticationPolicy": BasicAuth, "basicauth": BasicAuth,
		"kinto.plugins.accounts.AccountsPolicy": Accounts,
		"accounts":                              Accounts, "account": Accounts,
		"kinto.plugins.openid.OpenIDConnectPolicy": OpenID, "openid": OpenID,
	}
	generatorNames = map[string]IDGenerator{
		"kinto.views.NameGenerator": Names, "names": Names, "name": Names,
		"kinto.views.RelaxedUUID": RelaxedUUID, "relaxed-uuid": RelaxedUUID,
		"kinto.core.storage.generators.UUID4": UUID4, "uuid4": UUID4,
	}
	pluginNames = map[string]Plugin{
		string(PluginAccounts): PluginAccounts, string(PluginAdmin): PluginAdmin,
		string(PluginAttachment): PluginAttachment, string(PluginCounters): PluginCounters,
		string(PluginDefaultBucket): PluginDefaultBucket, string(PluginFlush): PluginFlush,
		string(PluginHistory): PluginHistory, string(PluginOpenID): PluginOpenID,
		string(PluginPrometheus): PluginPrometheus, string(PluginStatsd): PluginStatsd,
	}
	listenerNames = map[string]string{"webhook": "webhook"}
)

// component finds a built-in by name, or says what to do instead.
func component[T any](names map[string]T, name, advice string) (T, error) {
	if found, ok := names[name]; ok {
		return found, nil
	}
	var zero T
	if strings.Contains(name, "://") {
		return zero, fmt.Errorf("is an address, where a name belongs: %s", advice) // with a password, maybe
	}
	if near := nearest.Of(name, keys(names)); near != "" {
		return zero, fmt.Errorf("names %q, which is not known here: did you mean %s?", name, near)
	}
	return zero, fmt.Errorf("names %q, which is not known here: %s", name, advice)
}

const (
	storageAdvice    = "use kinto.core.storage.postgresql with storage_url, or leave it out for the embedded SQLite"
	permissionAdvice = "leave it out, because permissions are kept with the objects"
	cacheAdvice      = "use kinto.core.cache.memory, or shared when several processes serve the same data"
	policyAdvice     = "use basicauth, kinto.plugins.accounts.AccountsPolicy or kinto.plugins.openid.OpenIDConnectPolicy"
	generatorAdvice  = "use kinto.views.NameGenerator, kinto.views.RelaxedUUID or kinto.core.storage.generators.UUID4"
	pluginAdvice     = "Python packages cannot be loaded, so remove it, and write in Go what you need of it"
	listenerAdvice   = "use webhook, or remove it and follow the events over NATS"
)

// plugin finds a plug-in by name.
func plugin(name string) (Plugin, error) {
	if strings.HasPrefix(name, "kinto.plugins.quotas") {
		return "", fmt.Errorf("names %q, which Kinto itself has removed: delete it from the list", name)
	}
	return component(pluginNames, name, pluginAdvice)
}

// policyKind finds a kind of policy by name. Of those of Kinto the ending counts, wherever they are (protocol 5.3, 5.4).
func policyKind(name string) (PolicyKind, error) {
	if strings.HasPrefix(name, "kinto.") {
		for ending, kind := range policyEndings {
			if strings.HasSuffix(name, ending) {
				return kind, nil
			}
		}
	}
	return component(policyNames, name, policyAdvice)
}

var policyEndings = map[string]PolicyKind{
	".AccountsPolicy": Accounts, ".AccountsAuthenticationPolicy": Accounts,
	".OpenIDConnectPolicy": OpenID, ".BasicAuthAuthenticationPolicy": BasicAuth,
}
