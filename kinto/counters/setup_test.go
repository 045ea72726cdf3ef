package counters_test

import (
	"testing"

	"github.com/kintolog/kintolog/internal/kintotest"
	"github.com/kintolog/kintolog/kinto/counters"
	"github.com/kintolog/kintolog/server"
)

var (
	send = kintotest.Send
	do   = kintotest.Do
)

func start(t testing.TB, grants ...string) *server.Server {
	t.Helper()
	return kintotest.Start(t, counters.New(), grants...)
}
