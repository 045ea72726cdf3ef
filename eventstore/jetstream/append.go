package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Append implements eventstore.Log.
//
// Every attempt carries the expected last sequence, so the server stores at most one of them, and
// only directly after the tail. That makes it safe to attempt again when an answer is lost,
// even while the lost attempt is still on its way. Whether one of them was stored is then read
// from the log: the message after the tail has the hash of the commit's first entry, or another one.
func (l *Log) Append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	epoch := l.epoch()
	tail, err := l.append(ctx, after, commit)
	if err != nil {
		return eventstore.Tail{}, fmt.Errorf("append commit %s after %d: %w", commit.ID, after.Position, err)
	}
	l.remember(tail, epoch)
	return tail, nil
}

func (l *Log) append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Tail{}, err
	}
	messages, err := l.config.Name.Seal(after, commit, l.limits)
	if err != nil {
		return eventstore.Tail{}, err
	}
	if err := l.checkHash(ctx, after); err != nil {
		return eventstore.Tail{}, err
	}
	tail := eventstore.TailOf(after, messages)
	err = l.publish(ctx, after, tail, messages)
	if o := outcomeOf(err); o != lost {
		return tail, err
	}
	return tail, l.resolve(ctx, after, tail, messages, err)
}

// checkHash makes sure that the log holds the expected entry at the expected position. The
// server compares only positions, and reuses those of a tail it has lost.
func (l *Log) checkHash(ctx context.Context, after eventstore.Tail) error {
	if after.Position == 0 {
		if after != (eventstore.Tail{}) {
			return fmt.Errorf("an empty log has no hash: %w", eventstore.ErrConflict)
		}
		return nil
	}
	if tail, ok := l.recall(after.Position); ok && tail == after {
		return nil
	}
	hash, err := l.hashAt(ctx, after.Position)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("the log does not reach position %d: %w", after.Position, eventstore.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("check position %d: %w", after.Position, err)
	}
	if hash != after.Hash {
		return fmt.Errorf("another entry is at position %d: %w: %w", after.Position, eventstore.ErrConflict, eventstore.ErrCorrupt)
	}
	return nil
}

// publish makes one attempt. A nil error means that all messages are stored.
func (l *Log) publish(ctx context.Context, after, tail eventstore.Tail, messages []eventstore.Message) error {
	ctx, cancel := context.WithTimeout(ctx, l.config.AckWait)
	defer cancel()
	requests := l.requests(after, messages)
	last := len(requests) - 1
	for _, msg := range requests[:last] {
		if err := l.nc.PublishMsg(msg); err != nil {
			return unsent(err)
		}
	}
	reply, err := l.nc.RequestMsgWithContext(ctx, requests[last])
	if err != nil {
		return unsent(err)
	}
	return acknowledged(reply.Data, tail)
}

// unsent names what only the connection knows: the server it has come to takes less than the one
// that the log was opened on.
func unsent(err error) error {
	if errors.Is(err, nats.ErrMaxPayload) {
		return fmt.Errorf("%w: %w", eventstore.ErrTooLarge, err)
	}
	return err
}

// acknowledged reads the server's answer.
func acknowledged(data []byte, tail eventstore.Tail) error {
	var answer struct {
		Error    *jetstream.APIError `json:"error"`
		Sequence uint64              `json:"seq"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch {
	case answer.Error == nil && answer.Sequence == uint64(tail.Position):
		return nil
	case answer.Error == nil:
		return fmt.Errorf("stored at %d instead of %d: %w", answer.Sequence, tail.Position, eventstore.ErrCorrupt)
	case conflict(answer.Error):
		return fmt.Errorf("%w: %w", eventstore.ErrConflict, answer.Error)
	case answer.Error.ErrorCode == messageTooLarge:
		return fmt.Errorf("%w: %w", eventstore.ErrTooLarge, answer.Error)
	}
	return answer.Error
}

// Codes of the server's answers.
const (
	messageTooLarge    jetstream.ErrorCode = 10054
	wrongLastStored    jetstream.ErrorCode = 10071
	wrongLastInFlight  jetstream.ErrorCode = 10164
	batchIncomplete    jetstream.ErrorCode = 10176
	tooManyBatches     jetstream.ErrorCode = 10210
	serviceUnavailable                     = 503
	tooManyRequests                        = 429
)

// conflict recognises a refused expectation: of a stream that compares with what it stored, or of
// one that compares with what is being replicated.
func conflict(err *jetstream.APIError) bool {
	return err.ErrorCode == wrongLastStored || err.ErrorCode == wrongLastInFlight
}

type outcome int

const (
	final outcome = iota // stored, or certainly not
	lost                 // stored or not, or not yet: to be found out
)

// outcomeOf tells what the error of one attempt says about it.
func outcomeOf(err error) outcome {
	var refused *jetstream.APIError
	switch {
	case err == nil, errors.Is(err, eventstore.ErrConflict), errors.Is(err, eventstore.ErrCorrupt),
		errors.Is(err, eventstore.ErrTooLarge):
		return final
	case errors.As(err, &refused):
		// What the server is only at the moment unable to do, it may be able to do again.
		if refused.Code == serviceUnavailable || refused.Code == tooManyRequests ||
			refused.ErrorCode == batchIncomplete || refused.ErrorCode == tooManyBatches {
			return lost
		}
		return final
	}
	return lost
}

// resolve finds out what became of an attempt, and repeats it while the log has not moved.
// A conflict no longer means that nothing was stored: it may be our own attempt that is in the way.
func (l *Log) resolve(ctx context.Context, after, tail eventstore.Tail, messages []eventstore.Message, cause error) error {
	for attempt := 0; ; attempt++ {
		first, err := l.hashAt(ctx, after.Position+1)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			cause = l.publish(ctx, after, tail, messages)
		case err != nil:
			return fmt.Errorf("%w: %w (after: %w)", eventstore.ErrUnresolved, err, cause)
		case first != messages[0].Hash:
			return fmt.Errorf("%w (an earlier answer was lost: %w)", eventstore.ErrConflict, cause)
		default:
			cause = l.holds(ctx, tail)
		}
		if cause == nil {
			return nil
		}
		if pause(ctx, attempt) != nil {
			return fmt.Errorf("%w: %w", eventstore.ErrUnresolved, cause)
		}
	}
}

// holds fails unless the log holds the last entry of a commit whose first one it holds.
func (l *Log) holds(ctx context.Context, tail eventstore.Tail) error {
	hash, err := l.hashAt(ctx, tail.Position)
	if err == nil && hash != tail.Hash {
		err = fmt.Errorf("%w: a part of the commit is missing", eventstore.ErrCorrupt)
	}
	return err
}

func (l *Log) hashAt(ctx context.Context, at domain.Position) (eventstore.Hash, error) {
	m, err := l.message(ctx, at)
	if err != nil {
		return eventstore.Hash{}, err
	}
	return m.Hash, nil
}
