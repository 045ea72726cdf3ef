package jsondoc

import (
	"bytes"
	"slices"
)

// Array is the array of the values.
func Array(values [][]byte) []byte {
	return slices.Concat([]byte("["), bytes.Join(values, []byte(",")), []byte("]"))
}

// AppendTexts appends the array of the texts to dst, each as [Quote] returns it.
func AppendTexts(dst []byte, texts []string) []byte {
	start := len(dst)
	dst = append(dst, '[')
	for _, text := range texts {
		dst = AppendQuote(appendComma(dst, start), text)
	}
	return append(dst, ']')
}
