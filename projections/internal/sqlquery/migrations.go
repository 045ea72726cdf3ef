package sqlquery

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Pending names the files of the folder migrations whose number, with which their names begin, is greater than that of
// the last one applied; in their order.
func Pending(files fs.ReadDirFS, applied int64) ([]string, error) {
	all, err := files.ReadDir("migrations")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var names []string
	for _, file := range all {
		number, _, _ := strings.Cut(file.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", file.Name(), err)
		}
		if n > applied {
			names = append(names, file.Name())
		}
	}
	return names, nil
}
