package jsondoc

// MergePatch applies a merge patch (RFC 7396): members of the patch are merged into doc
// recursively, null removes a member at any depth, and anything that is not an object
// replaces what is there. A target that is not an object counts as {}. doc must be
// normalised or missing; the patch may be any bytes, and is read with the depth of [DefaultLimits].
// The error is the *[SyntaxError] of a patch that is not JSON. The result is
// normalised, and nested no deeper than the deeper one of doc and patch.
func MergePatch(doc, patch []byte) ([]byte, error) {
	patch, err := Normalize(patch, Limits{})
	if err != nil {
		return nil, err
	}
	return appendMerged(make([]byte, 0, len(doc)+len(patch)), doc, patch), nil
}

func appendMerged(dst, target, patch []byte) []byte {
	if !IsObject(patch) {
		return append(dst, patch...)
	}
	return editsOf(patch).apply(dst, target, mergeMember)
}

func mergeMember(dst, old, patch []byte) []byte {
	if KindOf(patch) == KindNull {
		return dst
	}
	return appendMerged(dst, old, patch)
}
