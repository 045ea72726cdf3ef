package server

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

// link is what is known of the log without asking it.
type link interface {
	// durability tells whether what the log acknowledges is on disk.
	durability(ctx context.Context) Durability
	// broken is why the log cannot be written to, nil if nothing is known against it.
	broken() error
	// String tells what the log is asked through.
	String() string
}

// inProcess is the link to the server in the process.
type inProcess struct{ server *embedded.Server }

func (inProcess) String() string { return "NATS runs in this process" }

func (l inProcess) broken() error {
	if err := l.server.Err(); err != nil {
		return fmt.Errorf("the log does not write; it goes on by itself when its disk has room for %d MiB: %w", embedded.Room>>20, err)
	}
	return nil
}

// durability is that the server syncs, to a folder that is still there.
func (l inProcess) durability(context.Context) Durability {
	if err := l.server.Intact(); err != nil {
		return Durability{Known: true, Detail: err.Error()}
	}
	return Durability{Known: true, Synced: l.server.SyncsAlways()}
}

// external is the link to servers, with the monitoring endpoints of these.
type external struct {
	nc      *nats.Conn
	monitor []string
}

func (l external) String() string {
	if server := connectedTo(l.nc); server != "" {
		return "connected to NATS at " + server
	}
	return "not connected to NATS, which is tried at " + hosts(strings.Join(l.nc.Servers(), ","))
}

func (external) broken() error { return nil }

// durability asks the servers whether they sync before they acknowledge.
func (l external) durability(ctx context.Context) Durability {
	if len(l.monitor) == 0 {
		return Durability{Detail: "no monitoring endpoint of the log is known (nats_monitor_urls)"}
	}
	all := Durability{Known: true, Synced: true}
	for _, d := range jetstream.CheckDurability(ctx, l.monitor...) {
		all.Known = all.Known && d.Known
		all.Synced = all.Synced && d.SyncAlways
		all.Detail = strings.TrimPrefix(all.Detail+"; "+d.String(), "; ")
	}
	return all
}

// linked is a log that takes nothing while it is known that it cannot.
type linked struct {
	eventstore.Log
	link link
}

// Append implements [eventstore.Log].
func (l linked) Append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	if err := l.link.broken(); err != nil {
		return eventstore.Tail{}, err
	}
	return l.Log.Append(ctx, after, commit)
}
