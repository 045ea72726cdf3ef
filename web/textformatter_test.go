package web_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/web"
)

func TestTextFormatterWritesOneLineForPeople(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetFormatter(web.TextFormatter{})
	log.WithTime(time.Date(2026, 11, 23, 3, 21, 14, 791e6, time.UTC)).WithError(errors.New("no\nway")).WithFields(logrus.Fields{
		"path": "/v1/buckets", "code": 200, "t": int64(3), "agent": `a "b"`, "uid": "",
	}).Warn("request.summary")
	want := `2026-11-23T03:21:14.791Z WARNING request.summary agent="a \"b\"" code=200 error="no\nway" path=/v1/buckets t=3` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
