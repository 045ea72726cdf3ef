// Command listen prints the events of a Kintolog as they happen, one line for each, and ends when it has seen enough.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

// event is what this program needs of a CloudEvent of Kintolog.
type event struct {
	Type    string `json:"type"`
	Subject string `json:"subject"`
	UserID  string `json:"userid"`
	Time    string `json:"time"`
}

func main() {
	url := flag.String("url", nats.DefaultURL, "NATS server")
	subject := flag.String("subject", "kintolog.>", "what to listen to")
	n := flag.Int("n", 1, "end after so many events")
	timeout := flag.Duration("timeout", 30*time.Second, "give up after so long without one")
	flag.Parse()
	if err := listen(*url, *subject, *n, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "listen:", err)
		os.Exit(1)
	}
}

func listen(url, subject string, n int, timeout time.Duration) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	messages, err := nc.SubscribeSync(subject)
	if err == nil {
		err = nc.Flush() // from here on nothing is missed
	}
	if err != nil {
		return err
	}
	fmt.Println("listening to", subject)
	for n > 0 {
		m, err := messages.NextMsg(timeout)
		if err != nil {
			return err
		}
		var events []event // one message holds what one commit changed in one plural endpoint
		if err := json.Unmarshal(m.Data, &events); err != nil {
			return fmt.Errorf("message on %s: %w", m.Subject, err)
		}
		for _, e := range events {
			fmt.Printf("%s\n  %s  %s\n  by %.20s… at %s\n", m.Subject, e.Type, e.Subject, e.UserID, e.Time)
		}
		n -= len(events)
	}
	return nil
}
