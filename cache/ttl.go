package cache

import "time"

// Seconds rounds a time to live up to whole seconds, at least one, as [domain.Cache] promises.
func Seconds(ttl time.Duration) time.Duration {
	return max(time.Second, (ttl + time.Second - 1).Truncate(time.Second))
}
