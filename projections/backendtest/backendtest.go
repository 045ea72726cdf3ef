// Package backendtest is the conformance suite of read models: what passes [Run] can take the place of any
// other.
//
// It goes through the contract [projections.Store] only, and ports the ideas of protocol 11.1 that concern
// a read model. What a list holds is compared with the reference, [domain.Query.Match], and with [Compare]
// between two stores. It is for tests; a new store calls Run with a function that opens an empty one.
package backendtest

import (
	"testing"

	"github.com/kintolog/kintolog/projections"
)

// Run runs the suite. open returns an empty store that is closed when the test ends; it is called from
// several tests at once.
func Run(t *testing.T, open func(t testing.TB) projections.Store) {
	t.Helper()
	for name, test := range map[string]func(*fixture){
		"AppliesWhatWasDecided":          appliesWhatWasDecided,
		"CountsAndDatesItsScopes":        countsAndDatesItsScopes,
		"RefusesAnotherCheckpoint":       refusesAnotherCheckpoint,
		"LoadsWhatIsNeeded":              loadsWhatIsNeeded,
		"LoadsManyObjectsAtOnce":         loadsManyObjectsAtOnce,
		"KeepsTombstones":                keepsTombstones,
		"RetainsTheNewestTombstones":     retainsTheNewestTombstones,
		"PurgesBelowAndNothingElse":      purgesBelowAndNothingElse,
		"ClearsScopesOnce":               clearsScopesOnce,
		"FlushesEverything":              flushesEverything,
		"ForgetsWithoutATrace":           forgetsWithoutATrace,
		"LetsTimestampsMove":             letsTimestampsMove,
		"ReplacesMembersOfGroups":        replacesMembersOfGroups,
		"OrdersValuesOfAllTypes":         ordersValuesOfAllTypes,
		"FiltersAsTheReference":          filtersAsTheReference,
		"TakesWildcardsLiterally":        takesWildcardsLiterally,
		"ListsTombstonesWhereAsked":      listsTombstonesWhereAsked,
		"ListsWhatIsShared":              listsWhatIsShared,
		"LeavesOutWhatIsExcepted":        leavesOutWhatIsExcepted,
		"PagesThroughEverythingOnce":     pagesThroughEverythingOnce,
		"MatchesTheReferenceAtRandom":    matchesTheReferenceAtRandom,
		"AnswersFromOnePosition":         answersFromOnePosition,
		"TellsWatchersThePosition":       tellsWatchersThePosition,
		"ClosesTheChannelWithTheContext": closesTheChannelWithTheContext,
		"SetsRefusedRowsAside":           setsRefusedRowsAside,
		"ListsWhatIsAccessible":          listsWhatIsAccessible,
		"CountsObjectsAndTombstones":     countsObjectsAndTombstones,
		"KnowsWhichResourcesItHas":       knowsWhichResourcesItHas,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(setup(t, open))
		})
	}
}
