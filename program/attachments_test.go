package program_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestFilesAreWhereTheSettingsSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		asked      bool // S3
	}{
		{"in S3", "", true},
		{"in a folder, which comes before S3", "kinto.attachment.base_path = " + t.TempDir(), false},
		{"in a folder, which comes before what is not supported", "kinto.attachment.base_path = " + t.TempDir() +
			"\nkinto.attachment.gcloud.bucket_name = files", false},
	} {
		var asked atomic.Bool
		s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/files/") {
				asked.Store(true)
			}
			w.WriteHeader(http.StatusForbidden)
		}))
		t.Cleanup(s3.Close)
		address, err := url.Parse(s3.URL)
		if err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(address.Host)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := start(t, "kinto.includes = kinto_attachment", "kinto.attachment.aws.bucket_name = files",
			"kinto.attachment.aws.access_key = a", "kinto.attachment.aws.secret_key = b", "kinto.attachment.aws.use_path_style = true",
			"kinto.attachment.aws.host = "+host, "kinto.attachment.aws.port = "+port, "kinto.attachment.aws.is_secure = false", c.line)
		status, says := 200, `"attachments":true`
		if c.asked {
			status, says = 503, `"attachments":false`
		}
		expect(t, s, "GET /v1/__heartbeat__", status, says)
		if asked.Load() != c.asked {
			t.Errorf("%s: S3 was asked: %t, want %t", c.name, asked.Load(), c.asked)
		}
	}
}
