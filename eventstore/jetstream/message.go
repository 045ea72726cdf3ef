package jetstream

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/eventstore"
)

// Headers of a stored message.
const (
	headerCommit = "Kintolog-Commit" // id of the commit
	headerEntry  = "Kintolog-Entry"  // place of the entry in it: "1/3"
	headerHash   = "Kintolog-Hash"   // hash of the chain, hexadecimal
	headerType   = "Content-Type"    // of the payload
)

// Headers that NATS understands.
const (
	headerExpected = "Nats-Expected-Last-Sequence"
	headerStream   = "Nats-Expected-Stream"
	headerBatch    = "Nats-Batch-Id"
	headerSequence = "Nats-Batch-Sequence"
	headerFinal    = "Nats-Batch-Commit"
)

// requests are the NATS messages that store a commit: one plain message, or an atomic batch.
// Each call makes a batch of its own, so that an earlier attempt cannot mix with it.
func (l *Log) requests(after eventstore.Tail, messages []eventstore.Message) []*nats.Msg {
	all := make([]*nats.Msg, len(messages))
	batch := rand.Text()
	for i := range messages {
		m := &messages[i]
		msg := &nats.Msg{Subject: m.Subject, Data: m.Payload, Header: nats.Header{
			headerCommit: {m.Commit},
			headerEntry:  {strconv.Itoa(m.Index) + "/" + strconv.Itoa(m.Count)},
			headerHash:   {m.Hash.String()},
			headerType:   {eventstore.ContentType},
		}}
		if len(messages) > 1 {
			msg.Header[headerBatch] = []string{batch}
			msg.Header[headerSequence] = []string{strconv.Itoa(i + 1)}
		}
		all[i] = msg
	}
	all[0].Header[headerExpected] = []string{strconv.FormatUint(uint64(after.Position), 10)}
	all[0].Header[headerStream] = []string{string(l.config.Name)}
	if len(all) > 1 {
		all[len(all)-1].Header[headerFinal] = []string{"1"}
	}
	return all
}

// parse reads a stored message; its errors wrap ErrCorrupt.
func parse(subject string, header nats.Header, payload []byte) (*eventstore.Message, error) {
	m := &eventstore.Message{Subject: subject, Commit: header.Get(headerCommit), Payload: payload}
	index, count, _ := strings.Cut(header.Get(headerEntry), "/")
	var err1, err2 error
	m.Index, err1 = strconv.Atoi(index)
	m.Count, err2 = strconv.Atoi(count)
	hash := header.Get(headerHash)
	if m.Commit == "" || err1 != nil || err2 != nil || len(hash) != hex.EncodedLen(len(m.Hash)) {
		return nil, fmt.Errorf("message on %q has not the headers of an entry: %w", subject, eventstore.ErrCorrupt)
	}
	if _, err := hex.Decode(m.Hash[:], []byte(hash)); err != nil {
		return nil, fmt.Errorf("hash of message on %q: %w: %w", subject, eventstore.ErrCorrupt, err)
	}
	return m, nil
}
