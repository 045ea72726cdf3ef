package jetstream

import (
	"errors"
	"testing"

	"github.com/kintolog/kintolog/eventstore"
)

// The server sends 10164 only in states that cannot be brought about from outside at will.
func TestAnswersOfTheServer(t *testing.T) {
	t.Parallel()
	tail := eventstore.Tail{Position: 5}
	for answer, want := range map[string]struct {
		err     error
		outcome outcome
	}{
		`{"stream":"kintolog","seq":5}`:                                              {nil, final},
		`{"stream":"kintolog","seq":5,"batch":"x","count":2}`:                        {nil, final},
		`{"error":{"code":400,"err_code":10071,"description":"any"},"seq":0}`:        {eventstore.ErrConflict, final},
		`{"error":{"code":400,"err_code":10164,"description":"any"},"seq":0}`:        {eventstore.ErrConflict, final},
		`{"stream":"kintolog","seq":6}`:                                              {eventstore.ErrCorrupt, final},
		`{"error":{"code":503,"err_code":10077,"description":"store failed"}}`:       {errAny, lost},
		`{"error":{"code":400,"err_code":10176,"description":"batch incomplete"}}`:   {errAny, lost},
		`{"error":{"code":429,"err_code":10210,"description":"too many in flight"}}`: {errAny, lost},
		`{"error":{"code":400,"err_code":10174,"description":"not enabled"}}`:        {errAny, final},
		`{"error":{"code":400,"err_code":10054,"description":"too large"}}`:          {eventstore.ErrTooLarge, final},
		`not json`: {errAny, lost},
	} {
		err := acknowledged([]byte(answer), tail)
		if errors.Is(want.err, errAny) && (err == nil || errors.Is(err, eventstore.ErrConflict)) || !errors.Is(want.err, errAny) && !errors.Is(err, want.err) {
			t.Errorf("answer %s: %v, want %v", answer, err, want.err)
		}
		if got := outcomeOf(err); got != want.outcome {
			t.Errorf("answer %s: outcome %v, want %v", answer, got, want.outcome)
		}
	}
}

var errAny = errors.New("any error")
