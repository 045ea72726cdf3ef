package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

// Names of what the log is made of.
const (
	appendFsync = "file: append 600 bytes and fsync"
	publish     = "JetStream: publish 600 bytes, synced"
)

var payload = []byte(strings.Repeat("x", 600))

// syncedFile is a file that grows by an fsynced append for each operation. One client at a time.
func syncedFile(folder string) operation {
	return operation{appendFsync, func(context.Context, int) (client, error) {
		f, err := os.Create(filepath.Join(folder, "synced"))
		if err != nil {
			return nil, err
		}
		do := func(context.Context) error {
			if _, err := f.Write(payload); err != nil {
				return err
			}
			return f.Sync()
		}
		return plain{do, f.Close}, nil
	}}
}

// bareLog is an embedded NATS server with one stream, set up as the log is: one replica, files, synced always.
type bareLog struct{ server *embedded.Server }

func startBareLog(ctx context.Context, folder string) (*bareLog, error) {
	server, err := embedded.Start(embedded.Config{Dir: folder})
	if err != nil {
		return nil, err
	}
	l := &bareLog{server}
	if err := l.prepare(ctx); err != nil {
		server.Shutdown()
		return nil, fmt.Errorf("make a stream: %w", err)
	}
	return l, nil
}

func (l *bareLog) prepare(ctx context.Context) error {
	nc, err := l.server.Connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "bare", Subjects: []string{"bare"}, Storage: jetstream.FileStorage, Replicas: 1,
	})
	return err
}

// operation publishes and waits for the acknowledgement. Each client has a connection.
func (l *bareLog) operation() operation {
	return operation{publish, func(context.Context, int) (client, error) {
		nc, err := l.server.Connect()
		if err != nil {
			return nil, err
		}
		js, err := jetstream.New(nc)
		if err != nil {
			nc.Close()
			return nil, err
		}
		do := func(ctx context.Context) error {
			_, err := js.Publish(ctx, "bare", payload)
			return err
		}
		return plain{do, func() error { nc.Close(); return nil }}, nil
	}}
}
