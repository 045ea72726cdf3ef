package jetstream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/eventstore"
)

// Config says which stream holds the log.
type Config struct {
	// Name is that of the stream and the first token of its subjects, so that several logs
	// share a server. Default "kintolog".
	Name eventstore.Space
	// Replicas is 1 or 3. Default 1.
	Replicas int
	// AckWait is how long an append waits for its answer before it asks the log whether it is
	// stored. Default 2 s.
	AckWait time.Duration
	// Existing refuses to make the stream if it does not exist, with [ErrMissing].
	Existing bool
	// MaxPayload is the size in bytes of the largest entry. Default, and upper bound, is what the
	// server takes, less the headers.
	MaxPayload int
}

// WithDefaults is the configuration with every zero field set to its default.
func (c Config) WithDefaults() Config {
	if c.Name == "" {
		c.Name = eventstore.DefaultSpace
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.AckWait == 0 {
		c.AckWait = 2 * time.Second
	}
	return c
}

// Validate tells in a sentence what is wrong.
func (c Config) Validate() error {
	if err := c.Name.Validate(); err != nil {
		return err
	}
	if c.Replicas != 1 && c.Replicas != 3 {
		return fmt.Errorf("the log has 1 or 3 replicas, not %d: with 2 it stops when one is away, and is no safer", c.Replicas)
	}
	if c.AckWait < 0 || c.MaxPayload < 0 {
		return errors.New("the wait for an answer and the size of an entry are not negative")
	}
	return nil
}

// stream is the configuration that keeps the promises of a log.
func (c Config) stream() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               string(c.Name),
		Description:        "Kintolog event log",
		Subjects:           c.Name.Subjects(),
		Storage:            jetstream.FileStorage,
		Replicas:           c.Replicas,
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardNew,
		MaxMsgs:            -1,
		MaxBytes:           -1,
		MaxMsgsPerSubject:  -1,
		MaxMsgSize:         -1,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowAtomicPublish: true,
		Duplicates:         100 * time.Millisecond, // not used: commits carry an id of their own
	}
}

// check tells which promise an existing stream breaks.
func (c Config) check(s jetstream.StreamConfig) error {
	for _, rule := range []struct {
		kept     bool
		sentence string
	}{
		{s.Storage == jetstream.FileStorage, "is kept in memory and would be lost with the server"},
		{s.Replicas == c.Replicas, fmt.Sprintf("has %d replicas where %d are configured", s.Replicas, c.Replicas)},
		{s.DenyDelete, "lets entries be deleted (set deny_delete)"},
		{s.DenyPurge, "lets entries be purged (set deny_purge)"},
		{s.Discard == jetstream.DiscardNew, "discards old entries when it is full (set discard to new)"},
		{s.Retention == jetstream.LimitsPolicy, "removes entries once they are consumed (set retention to limits)"},
		{s.MaxAge == 0, "removes entries by age (unset max_age)"},
		{s.MaxMsgsPerSubject <= 0, "limits the entries of a subject (unset max_msgs_per_subject)"},
		{s.AllowAtomicPublish, "does not take atomic batches (set allow_atomic)"},
		{s.PersistMode != jetstream.AsyncPersistMode, "acknowledges before it writes (unset persist_mode async)"},
		{!s.NoAck, "does not acknowledge (unset no_ack)"},
		{!s.Sealed, "is sealed"},
		{!s.AllowRollup, "lets entries be rolled up (unset allow_rollup_hdrs)"},
		{!s.AllowMsgTTL, "lets entries expire (unset allow_msg_ttl)"},
		{!s.AllowMsgCounter && !s.AllowMsgSchedules, "is used for counters or schedules"},
		{s.Mirror == nil && len(s.Sources) == 0, "takes entries from another stream"},
		{s.SubjectTransform == nil, "changes subjects"},
		{s.FirstSeq <= 1, "does not begin at position 1"},
		{sameSubjects(s.Subjects, c.Name.Subjects()), fmt.Sprintf("has the subjects %q", s.Subjects)},
	} {
		if !rule.kept {
			return fmt.Errorf("stream %q cannot hold the log: it %s", s.Name, rule.sentence)
		}
	}
	return nil
}

func sameSubjects(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
