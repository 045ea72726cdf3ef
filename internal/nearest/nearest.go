// Package nearest finds the name that somebody meant who wrote another one.
package nearest

import "strings"

// Of returns the candidate that text is most likely a misspelling of, "" if it resembles none.
func Of(text string, candidates []string) string {
	text = strings.ToLower(text)
	best, least := "", 1+max(1, min(4, len(text)/4))
	for _, candidate := range candidates {
		if distance := editDistance(text, strings.ToLower(candidate), least); distance < least {
			best, least = candidate, distance
		}
	}
	return best
}

// editDistance counts the bytes to insert, delete or replace to make b of a (Levenshtein). It stops counting at limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
