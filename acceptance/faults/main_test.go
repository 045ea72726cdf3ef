package faults_test

import (
	"os"
	"testing"

	"github.com/kintolog/kintolog/internal/programtest"
)

// soak makes everything longer.
var soak = os.Getenv("KINTOLOG_SOAK") == "1"

// longer is the first value, or the second one in a soak.
func longer[T any](short, long T) T {
	if soak {
		return long
	}
	return short
}

func TestMain(m *testing.M) {
	if settings := os.Getenv(nodeVariable); settings != "" {
		serveNode(settings)
		return
	}
	programtest.Main(m, "api", "kintolog", "projector")
}
