package rest

import "strings"

// glob tells whether the whole text matches a shell pattern: * is any text, ? any byte, [...] one of a set.
func glob(pattern, text string) bool {
	resume, from := "", -1 // the pattern behind the last *, and where in the text it was tried last
	at := 0
	for at < len(text) || pattern != "" {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			resume, from = pattern, at
			continue
		}
		if at < len(text) {
			if rest, ok := globByte(pattern, text[at]); ok {
				pattern = rest
				at++
				continue
			}
		}
		if from < 0 || from == len(text) {
			return false
		}
		from++
		pattern, at = resume, from
	}
	return true
}

// globByte matches one byte against the first element of the pattern, and returns what follows it.
func globByte(pattern string, c byte) (rest string, ok bool) {
	switch {
	case pattern == "":
		return "", false
	case pattern[0] == '?':
		return pattern[1:], true
	case pattern[0] == '[':
		if end := setEnd(pattern); end > 0 {
			return pattern[end+1:], inSet(pattern[1:end], c)
		}
	}
	return pattern[1:], pattern[0] == c
}

// setEnd is where the set at the start of the pattern is closed; 0 if it is not. A bracket that comes first belongs to the set.
func setEnd(pattern string) int {
	first := 1
	if strings.HasPrefix(pattern[first:], "!") {
		first++
	}
	if first+1 > len(pattern) {
		return 0
	}
	end := strings.IndexByte(pattern[first+1:], ']')
	if end < 0 {
		return 0
	}
	return first + 1 + end
}

func inSet(set string, c byte) bool {
	set, negated := strings.CutPrefix(set, "!")
	for i := 0; i < len(set); i++ {
		low, high := set[i], set[i]
		if i+2 < len(set) && set[i+1] == '-' {
			high = set[i+2]
			i += 2
		}
		if low <= c && c <= high {
			return !negated
		}
	}
	return negated
}
