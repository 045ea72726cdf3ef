package main

import (
	"fmt"
	"strconv"
	"strings"
)

// sections is how many values the attribute of the filtered list has, in equal shares.
const sections = 10

var padding = strings.Repeat("All work and no play makes for dull text. ", 8)

// appendRecord appends the data of a record: some 450 bytes of JSON.
func appendRecord(to []byte, number int) []byte {
	to = append(to, `{"title":"Record `...)
	to = strconv.AppendInt(to, int64(number), 10)
	to = append(to, `","section":"s`...)
	to = strconv.AppendInt(to, int64(number%sections), 10)
	to = append(to, `","number":`...)
	to = strconv.AppendInt(to, int64(number), 10)
	to = append(to, `,"done":false,"tags":["one","two"],"text":"`...)
	to = append(to, padding...)
	return append(to, `"}`...)
}

// recordID names the records that are loaded before anything is measured.
func recordID(number int) string { return fmt.Sprintf("r%07d", number) }

// collectionID names the collection for so many records.
func collectionID(records int) string { return fmt.Sprintf("of-%d", records) }
