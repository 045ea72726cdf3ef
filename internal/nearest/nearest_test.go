package nearest_test

import (
	"testing"

	"github.com/kintolog/kintolog/internal/nearest"
)

func TestItIsTheOneWithTheFewestDifferences(t *testing.T) {
	t.Parallel()
	known := []string{"bucket_create", "bucket_read", "bucket_write", "read"}
	for text, want := range map[string]string{
		"bucket_write": "bucket_write", "bucket_wirte": "bucket_write", "Bucket_Raed": "bucket_read", "reed": "read",
		"position_read": "", "": "", "b": "", "re": "",
	} {
		if got := nearest.Of(text, known); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
