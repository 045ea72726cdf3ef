package acceptance_test

import (
	"path/filepath"
	"testing"
)

// kintojs has the published JavaScript client.
var kintojs = newFolder("kintojs")

func TestKintoJS(t *testing.T) {
	t.Parallel()
	kintojs.prepare(t)
	settings := absolute(t, filepath.Join(kintojs.name, "kinto.ini"))
	kintojs.each(t, func(t *testing.T) *server { return start(t, settings) })
}
