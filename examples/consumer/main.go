// Command consumer follows the events of one bucket, from the beginning of the log and then as they happen. It goes on
// where it was when it is started again, because the server remembers how far it is under a name.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	url := flag.String("url", nats.DefaultURL, "NATS server")
	domain := flag.String("domain", "kintolog", "JetStream domain: that of the embedded server; \"\" for a server of your own")
	name := flag.String("name", "example", "under which the server remembers how far this program is")
	subject := flag.String("subject", "kintolog.>", "which events")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := consume(ctx, *url, *domain, *name, *subject, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// event is what this program needs of a CloudEvent of Kintolog.
type event struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subject string `json:"subject"`
	Data    struct {
		Data json.RawMessage `json:"data"`
	} `json:"data"`
}

func consume(ctx context.Context, url, domain, name, subject string, out io.Writer) error {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return fmt.Errorf("connect to %s, where a service has to let others in with nats_listen: %w", url, err)
	}
	defer nc.Close()
	js, err := open(nc, domain)
	if err != nil {
		return err
	}
	consumer, err := js.CreateOrUpdateConsumer(ctx, "kintolog", jetstream.ConsumerConfig{
		Durable: name, FilterSubject: subject, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait:       5 * time.Second, // after which an event that was not acknowledged comes again
		MaxAckPending: 1,               // or it would come again after those that followed it
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		if err := handle(m.Data(), out); err != nil {
			return err
		}
		if err := m.Ack(); err != nil { // what is not acknowledged comes again: handle must bear that
			return err
		}
	}
}

// handle does with the events of one message what the program is for.
func handle(message []byte, out io.Writer) error {
	var events []event
	if err := json.Unmarshal(message, &events); err != nil {
		return err
	}
	for _, e := range events {
		if _, err := fmt.Fprintln(out, e.Type, e.Subject, string(e.Data.Data)); err != nil {
			return err
		}
	}
	return nil
}

func open(nc *nats.Conn, domain string) (jetstream.JetStream, error) {
	if domain == "" {
		return jetstream.New(nc)
	}
	return jetstream.NewWithDomain(nc, domain)
}
