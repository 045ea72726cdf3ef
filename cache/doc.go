// Package cache has what every implementation of [domain.Cache] shares: a wrapper that puts a prefix before the keys, and
// a health check.
//
// The implementations are in memory, for one process, and in natskv, for several that share a NATS server; cachetest is
// the suite that they pass. The contract is domain.Cache. None of them keeps what must not be forgotten.
package cache
