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
	wanted := scalarsOf(parts)
	var key []byte
	for element := range Elements(doc) {
		if !isScalar(element) {
			continue
		}
		key = AppendKey(key[:0], element)
		if _, ok := wanted[string(key)]; ok {
			return true
		}
	}
	return false
}

// scalarsOf is the set of the keys of all scalars that are elements of the array.
func scalarsOf(array []byte) map[string]struct{} {
	set := map[string]struct{}{}
	var key []byte
	for element := range Elements(array) {
		if isScalar(element) {
			key = AppendKey(key[:0], element)
			set[string(key)] = struct{}{}
		}
	}
	return set
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
		return holdsScalars(whole, part) && holdsOthers(whole, part)
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

// holdsScalars tells whether all scalars of the array part are elements of whole. It takes time in proportion to the length of
// both, not to the product.
func holdsScalars(whole, part []byte) bool {
	missing := scalarsOf(part)
	if len(missing) == 0 {
		return true
	}
	var key []byte
	for element := range Elements(whole) {
		if !isScalar(element) {
			continue
		}
		key = AppendKey(key[:0], element)
		if delete(missing, string(key)); len(missing) == 0 {
			return true
		}
	}
	return false
}

// holdsOthers tells whether all arrays and objects of the array part are contained in elements of whole.
func holdsOthers(whole, part []byte) bool {
	for element := range Elements(part) {
		if !isScalar(element) && !holds(whole, element) {
			return false
		}
	}
	return true
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
