package permissions_test

import (
	"testing"

	"github.com/kintolog/kintolog/internal/kintotest"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

var (
	send = servertest.Send
	do   = servertest.Do
)

func start(t testing.TB, grants ...string) *server.Server {
	t.Helper()
	return kintotest.Start(t, permissions.New(), grants...)
}
