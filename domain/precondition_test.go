package domain_test

import (
	"testing"

	"github.com/kintolog/kintolog/domain"
)

// The four conditions of the table in protocol 2.13, about something with timestamp 5.
var (
	noneSame  = domain.Precondition{IfNoneMatch: domain.MatchTimestamp(5)}
	noneOther = domain.Precondition{IfNoneMatch: domain.MatchTimestamp(4)}
	noneAny   = domain.Precondition{IfNoneMatch: domain.MatchAny}
	ifSame    = domain.Precondition{IfMatch: domain.MatchTimestamp(5)}
	ifOther   = domain.Precondition{IfMatch: domain.MatchTimestamp(4)}
	ifAny     = domain.Precondition{IfMatch: domain.MatchAny}
)

func TestCheckReadFollowsTheTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		p           domain.Precondition
		notModified bool
		fails       bool
	}{
		{"nothing", domain.Precondition{}, false, false},
		{"If-None-Match same", noneSame, true, false},
		{"If-None-Match other", noneOther, false, false},
		{"If-None-Match *", noneAny, false, true},
		{"If-Match same", ifSame, false, false},
		{"If-Match other", ifOther, false, true},
		{"If-Match *", ifAny, false, false},
		{"304 goes before 412", domain.Precondition{IfMatch: domain.MatchTimestamp(4), IfNoneMatch: domain.MatchTimestamp(5)}, true, false},
	} {
		notModified, err := c.p.CheckRead(5, []byte(`{}`))
		if notModified != c.notModified || (err != nil) != c.fails {
			t.Errorf("%s: got %t, %v, want %t, failing %t", c.name, notModified, err, c.notModified, c.fails)
		}
	}
}

func TestCheckWriteFollowsTheTable(t *testing.T) {
	t.Parallel()
	live := domain.Object{URI: "/buckets/b", LastModified: 5, Data: []byte(`{"id":"b"}`)}
	tombstone := domain.Object{URI: "/buckets/b", LastModified: 5, Deleted: true}
	for _, c := range []struct {
		name                           string
		p                              domain.Precondition
		failsOnLive, failsOnMissingOne bool
	}{
		{"nothing", domain.Precondition{}, false, false},
		{"If-None-Match same", noneSame, false, false},
		{"If-None-Match *", noneAny, true, false},
		{"If-Match same", ifSame, false, true},
		{"If-Match other", ifOther, true, true},
		{"If-Match *", ifAny, false, true},
	} {
		err := c.p.CheckWrite(live, 9)
		if (err != nil) != c.failsOnLive {
			t.Errorf("%s on a live object: got %v, want failing %t", c.name, err, c.failsOnLive)
		}
		if err != nil && (err.Code != domain.PreconditionFails || string(err.Existing) != `{"id":"b"}` || err.Timestamp != 5) {
			t.Errorf("%s: got %+v, want the object and its timestamp", c.name, err)
		}
		for _, o := range []domain.Object{{}, tombstone} {
			err := c.p.CheckWrite(o, 9)
			if (err != nil) != c.failsOnMissingOne {
				t.Errorf("%s on %+v: got %v, want failing %t", c.name, o, err, c.failsOnMissingOne)
			}
			if err != nil && (err.Existing != nil || err.Timestamp != 9) {
				t.Errorf("%s on %+v: got %+v, want the timestamp of the endpoint alone", c.name, o, err)
			}
		}
	}
}

func TestCheckPluralFollowsTheTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p     domain.Precondition
		fails bool
	}{{noneSame, false}, {noneAny, true}, {ifSame, false}, {ifOther, true}, {ifAny, false}} {
		if err := c.p.CheckPlural(5); (err != nil) != c.fails {
			t.Errorf("%+v: got %v, want failing %t", c.p, err, c.fails)
		}
	}
}
