package permissions_test

import (
	"testing"

	"github.com/kintolog/kintolog/internal/kintotest"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/server"
)

var (
	send = kintotest.Send
	do   = kintotest.Do
)

func start(t testing.TB, grants ...string) *server.Server {
	t.Helper()
	return kintotest.Start(t, permissions.New(), grants...)
}
