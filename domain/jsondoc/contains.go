package jsondoc

// Contains tells whether doc is an array that holds every element of the array part, as
// the operator @> of PostgreSQL jsonb: a scalar is held by an array with an equal
// scalar; an array or object by one with an element of that type that contains it. An
// object contains another if it has all its members, with equal scalars or with
// containers that contain theirs. Order and repetition do not matter. The result is
// false if either one is not an array.
func Contains(doc, part []byte) bool {
	return KindOf(doc) == KindArray && KindOf(part) == KindArray && contains(doc, part)
}

// ContainsAny tells whether doc is an array that holds, directly, a scalar that equals
// a scalar of the array parts. Arrays and objects in parts are not looked for.
func ContainsAny(doc, parts []byte) bool {
	if KindOf(doc) != KindArray {
		return false
	}
	for part := range Elements(parts) {
		if isScalar(part) && holds(doc, part) {
			return true
		}
	}
	return false
}

func isScalar(value []byte) bool {
	return KindOf(value) != KindArray && KindOf(value) != KindObject
}

// contains compares two values of any kind.
func contains(whole, part []byte) bool {
	if KindOf(whole) != KindOf(part) {
		return false
	}
	switch KindOf(part) {
	case KindArray:
		for element := range Elements(part) {
			if !holds(whole, element) {
				return false
			}
		}
		return true
	case KindObject:
		for c := walk(part); ; {
			name, value, ok := c.member()
			if !ok {
				return true
			}
			if !contains(find(whole, string(name)), value) {
				return false
			}
		}
	default:
		return Equal(whole, part)
	}
}

// holds tells whether an element of the array contains the value.
func holds(array, value []byte) bool {
	for element := range Elements(array) {
		if contains(element, value) {
			return true
		}
	}
	return false
}
