package userdata_test

import (
	"testing"

	"github.com/kintolog/kintolog/internal/kintotest"
	"github.com/kintolog/kintolog/kinto/userdata"
	"github.com/kintolog/kintolog/server"
)

var (
	send = kintotest.Send
	do   = kintotest.Do
)

func start(t testing.TB, grants ...string) *server.Server {
	t.Helper()
	return kintotest.Start(t, userdata.New(), grants...)
}
