package idempotency

import (
	"time"

	"github.com/kintolog/kintolog/domain"
)

// Lifetime is for how long a key counts.
const Lifetime = 24 * time.Hour

const (
	dayName    = "idempotency-day"
	answerName = "idempotency-answer"

	days domain.Plural = "/__idempotency__"
)

// Resources are the internal ones in which answers are kept.
func Resources() []domain.Resource {
	none := []string{}
	return []domain.Resource{
		{Name: dayName, Path: string(days), Secret: true, PluralMethods: none, ObjectMethods: none},
		{Name: answerName, Path: string(days) + "/{" + dayName + "}/answers", Secret: true, PluralMethods: none, ObjectMethods: none},
	}
}

// dayOf is the object that holds the answers of the day (UTC) of a moment.
func dayOf(t domain.Timestamp) domain.URI {
	return days.Object(t.Time().Format(time.DateOnly))
}

// answersOf are the answers of a day.
func answersOf(day domain.URI) domain.Plural { return domain.Plural(day.Below() + "answers") }

// places are where an answer can be that is not expired: the days that Lifetime reaches back to, and the next one, which
// it already is for a writer whose clock is ahead.
func places(now domain.Timestamp, id string) []domain.URI {
	const day = domain.Timestamp(Lifetime / time.Millisecond)
	var all []domain.URI
	for _, at := range []domain.Timestamp{now, now - day, now + day} {
		all = append(all, answersOf(dayOf(at)).Object(id))
	}
	return all
}
