package sqlquery

import (
	"math/big"
	"strings"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Conditions known beforehand.
const (
	always = "TRUE"
	never  = "FALSE"
)

func constant(holds bool) string {
	if holds {
		return always
	}
	return never
}

// not holds where the condition is false or NULL.
func not(condition string) string {
	switch condition {
	case always:
		return never
	case never:
		return always
	}
	return "(" + condition + ") IS NOT TRUE"
}

// holds tells whether "x op y" is true when x compares to y as c says.
func holds(c int, op string) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	default:
		return c == 0
	}
}

// compareID compares the column, which is a string, to any value.
func (b *builder) compareID(op string, value []byte) string {
	id, ok := jsondoc.String(value)
	if !ok {
		return constant(holds(jsondoc.Compare([]byte(`""`), value), op))
	}
	return "o.id " + op + " " + b.args.Bind(id)
}

// compareTime compares the column, which is an integer, to any value.
func (b *builder) compareTime(op string, value []byte) string {
	if jsondoc.KindOf(value) != jsondoc.KindNumber {
		return constant(holds(jsondoc.Compare([]byte("0"), value), op))
	}
	floor, whole, sign := integer(value)
	switch {
	case sign != 0:
		return constant(holds(-sign, op))
	case whole:
		return "o.last_modified " + op + " " + b.args.Bind(floor)
	case op == "=":
		return never
	case op == "<" || op == "<=":
		return "o.last_modified <= " + b.args.Bind(floor)
	default:
		return "o.last_modified > " + b.args.Bind(floor)
	}
}

func (b *builder) inTimes(values [][]byte) string {
	var times []string
	for _, v := range values {
		if jsondoc.KindOf(v) != jsondoc.KindNumber {
			continue
		}
		if t, whole, sign := integer(v); whole && sign == 0 {
			times = append(times, b.args.Bind(t))
		}
	}
	if len(times) == 0 {
		return never
	}
	return "o.last_modified IN (" + strings.Join(times, ", ") + ")"
}

// integer is the greatest integer that is not above the number, and whether the number is whole. If
// it is beyond 64 bits, sign tells on which side.
func integer(number []byte) (floor int64, whole bool, sign int) {
	r, ok := new(big.Rat).SetString(string(number))
	if !ok {
		return 0, false, 1
	}
	n := new(big.Int).Div(r.Num(), r.Denom()) // rounds down, the denominator is positive
	if !n.IsInt64() {
		return 0, false, n.Sign()
	}
	return n.Int64(), r.IsInt(), 0
}

// compareDeleted compares true on tombstones, and missing on others, to any value.
func compareDeleted(op string, value []byte) string {
	dead := holds(jsondoc.Compare([]byte("true"), value), op)
	live := holds(jsondoc.Compare(nil, value), op)
	switch {
	case dead == live:
		return constant(dead)
	case dead:
		return "o.deleted"
	default:
		return "NOT o.deleted"
	}
}
