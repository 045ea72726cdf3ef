package userdata_test

import (
	"testing"

	"github.com/kintolog/kintolog/internal/kintotest"
	"github.com/kintolog/kintolog/kinto/userdata"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

var (
	send = servertest.Send
	do   = servertest.Do
)

func start(t testing.TB, grants ...string) *server.Server {
	t.Helper()
	return kintotest.Start(t, userdata.New(), grants...)
}
