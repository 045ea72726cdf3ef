package config

// Backend names a store.
type Backend string

// The stores. SQLite is part of this software.
const (
	SQLite     Backend = "sqlite"
	PostgreSQL Backend = "postgresql"
	// Memory is for the cache only: of one process.
	Memory Backend = "memory"
	// Shared is for the cache only: one for all the processes of a service, beside the event log.
	Shared Backend = "shared"
)

// Storage is where the read model is, and what goes with it.
type Storage struct {
	DataDir string // data_dir, the folder of the embedded log and read model; "data"
	// ReadModel is read_model, SQLite or PostgreSQL; if that is not given, storage_backend tells; SQLite.
	ReadModel Backend
	// URL is storage_url as pgx wants it: postgres://user:password@host/database; "".
	URL URL
	// Volatile tells that storage_backend asks for memory, and that log and read model are both embedded: they are
	// forgotten at the end.
	Volatile bool
	Cache    Cache
}

// Cache is where short-lived facts are kept, such as that a password was right.
type Cache struct {
	Backend  Backend // cache_backend, Memory or Shared; Memory
	Prefix   string  // cache_prefix; ""
	MaxBytes int     // cache_max_size_bytes, of Memory; 524288
}

// EventLog is where events are kept.
type EventLog struct {
	URLs        []URL   // nats_url, servers of one cluster separated by commas or blanks; none for the embedded server
	Stream      string  // nats_stream; "kintolog"
	Replicas    int     // nats_replicas, 1 or 3; 1
	Listen      string  // nats_listen, host:port of the embedded server for other programs; "" for not at all
	MonitorURLs []URL   // nats_monitor_urls, http: where the durability of each server is checked; none
	User        string  // nats_user; ""
	Password    Secret  // nats_password; ""
	Credentials string  // nats_credentials, a file; ""
	Sync        LogSync // log_sync; always
}

// Embedded tells that the log is kept by a server inside the process.
func (l EventLog) Embedded() bool { return len(l.URLs) == 0 }

// LogSync is when an event has to be on disk.
type LogSync string

// When an event is on disk: before it is acknowledged, or some time later, which is faster and loses
// acknowledged events when the power fails.
const (
	SyncAlways   LogSync = "always"
	SyncInterval LogSync = "interval"
)
