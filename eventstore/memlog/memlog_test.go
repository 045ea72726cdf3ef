package memlog_test

import (
	"testing"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/eventstore/memlog"
)

func TestLog(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(testing.TB) eventstore.Log { return memlog.New() })
}
