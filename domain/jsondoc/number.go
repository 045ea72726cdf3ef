package jsondoc

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
)

// number normalises the number that starts at i.
func (n *normalizer) number() error {
	start := n.i
	if n.src[n.i] == '-' {
		n.i++
	}
	whole := n.digits()
	if whole == 0 {
		return n.fault(Malformed, "a number has no digits")
	}
	if whole > 1 && n.src[n.i-whole] == '0' {
		return n.fault(Malformed, "a number starts with a superfluous 0")
	}
	float, err := n.fraction()
	if err != nil {
		return err
	}
	literal := n.src[start:n.i]
	if !float && isInteger64(literal) {
		n.dst = appendInteger(n.dst, literal)
		return nil
	}
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil || math.IsInf(f, 0) {
		n.i = start
		return n.fault(NumberOutOfRange, "a number is out of range")
	}
	n.dst = appendFloat(n.dst, f)
	return nil
}

// fraction reads what makes a number a float: the decimals and the exponent.
func (n *normalizer) fraction() (found bool, err error) {
	if n.i < len(n.src) && n.src[n.i] == '.' {
		n.i++
		if n.digits() == 0 {
			return false, n.fault(Malformed, "a number has no digits after the point")
		}
		found = true
	}
	if n.i < len(n.src) && n.src[n.i]|0x20 == 'e' {
		n.i++
		if n.i < len(n.src) && (n.src[n.i] == '+' || n.src[n.i] == '-') {
			n.i++
		}
		if n.digits() == 0 {
			return false, n.fault(Malformed, "a number has no digits in its exponent")
		}
		found = true
	}
	return found, nil
}

// digits skips digits and counts them.
func (n *normalizer) digits() int {
	start := n.i
	for n.i < len(n.src) && '0' <= n.src[n.i] && n.src[n.i] <= '9' {
		n.i++
	}
	return n.i - start
}

// isInteger64 tells whether an integer literal is in [-2^63, 2^64).
func isInteger64(literal []byte) bool {
	if len(literal) <= 18 {
		return true
	}
	if literal[0] == '-' {
		_, err := strconv.ParseInt(string(literal), 10, 64)
		return err == nil
	}
	_, err := strconv.ParseUint(string(literal), 10, 64)
	return err == nil
}

func appendInteger(dst, literal []byte) []byte {
	if string(literal) == "-0" {
		return append(dst, '0')
	}
	return append(dst, literal...)
}

// appendFloat writes a finite float as Python's repr does: the shortest digits,
// positional from 1e-4 up to 1e16, always recognisable as a float.
func appendFloat(dst []byte, f float64) []byte {
	size := math.Abs(f)
	switch {
	case size == 0:
		return append(dst, "0.0"...)
	case size < 1e-4 || size >= 1e16:
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

// number is the exact value of a canonical literal: the float64 nearest to it, and what
// has to be added. Two literals are the same number iff both are equal, and the order
// of the pairs is the order of the numbers, because rounding is monotonic.
//
// The value of a literal is what its decimal digits say, as in PostgreSQL, not the
// binary float they were written for. Only from 2^53 to 2^64 does that make a
// difference that something can be compared with: 2^60 as an integer is
// 1152921504606846976, and as a float 1.152921504606847e+18.
type number struct {
	float float64
	rest  int16
}

func (a number) compare(b number) int {
	return cmp.Or(cmp.Compare(a.float, b.float), cmp.Compare(a.rest, b.rest))
}

const exactBelow = 1 << 53 // float64 holds every integer up to here

func parseNumber(literal []byte) number {
	if bytes.ContainsAny(literal, ".e") {
		return parseFloat(literal)
	}
	digits, negative := bytes.CutPrefix(literal, []byte("-"))
	var u uint64
	for _, c := range digits {
		u = u*10 + uint64(c-'0')
	}
	return exact(float64(u), u, negative)
}

func parseFloat(literal []byte) number {
	f, _ := strconv.ParseFloat(string(literal), 64)
	if size := math.Abs(f); size < exactBelow || size > 1<<64 {
		return number{float: f}
	}
	digits, negative := bytes.CutPrefix(literal, []byte("-"))
	return exact(math.Abs(f), integerDigits(digits), negative)
}

// exact pairs the float nearest to the integer u with the difference. Both are taken
// modulo 2^64, which a difference this small survives.
func exact(nearest float64, u uint64, negative bool) number {
	n := number{float: nearest}
	if nearest >= 1<<64 {
		n.rest = int16(u)
	} else {
		n.rest = int16(u - uint64(nearest))
	}
	if negative {
		n.float, n.rest = -n.float, -n.rest
	}
	return n
}

// integerDigits evaluates a canonical float literal from 2^53 to 2^64, which never has
// decimals other than 0, modulo 2^64.
func integerDigits(literal []byte) uint64 {
	mantissa, exponent, _ := bytes.Cut(literal, []byte("e"))
	scale, _ := strconv.Atoi(string(exponent))
	whole, decimals, _ := bytes.Cut(mantissa, []byte("."))
	if len(exponent) == 0 {
		decimals = nil
	}
	var u uint64
	for _, c := range whole {
		u = u*10 + uint64(c-'0')
	}
	for _, c := range decimals {
		u = u*10 + uint64(c-'0')
	}
	for range scale - len(decimals) {
		u *= 10
	}
	return u
}
