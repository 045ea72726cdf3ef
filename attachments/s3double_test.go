package attachments_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
)

// s3Double is a service with the part of the S3 API that stores need. It serves one bucket, "files", lists two objects a
// page, and refuses what is not signed as AWS Signature Version 4 wants it.
type s3Double struct {
	t *testing.T

	mu      sync.Mutex
	objects map[string]object
	parts   map[string]map[int][]byte // by upload
	began   int
}

type object struct {
	content       []byte
	mimeType, acl string
	modified      time.Time
}

func newS3Double(t *testing.T) (*s3Double, *httptest.Server) {
	t.Helper()
	d := &s3Double{t: t, objects: map[string]object{}, parts: map[string]map[int][]byte{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return d, server
}

type s3Error struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
}

func (d *s3Double) refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(s3Error{Code: code, Message: message})
}

func (d *s3Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := verified(r)
	if err != nil {
		d.refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key, ok := strings.CutPrefix(r.URL.Path, "/files/")
	query := r.URL.Query()
	switch {
	case !ok:
		d.refuse(w, http.StatusNotFound, "NoSuchBucket", "there is one bucket")
	case key == "":
		d.list(w, query)
	case query.Has("uploads"), query.Has("uploadId"):
		d.multipart(w, r, key, body)
	default:
		d.object(w, r, key, body)
	}
}

func (d *s3Double) object(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	o, found := d.objects[key]
	switch r.Method {
	case http.MethodPut:
		if found && r.Header.Get("If-None-Match") == "*" {
			d.refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "it is there")
			return
		}
		d.objects[key] = object{body, r.Header.Get("Content-Type"), r.Header.Get("X-Amz-Acl"), time.Now()}
		w.Header().Set("ETag", etag(body))
	case http.MethodDelete:
		delete(d.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		if !found {
			d.refuse(w, http.StatusNotFound, "NoSuchKey", "it is not there")
			return
		}
		w.Header().Set("ETag", etag(o.content))
		w.Header().Set("Content-Type", o.mimeType)
		http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.content))
	}
}

func etag(content []byte) string { return `"` + hexSum(content)[:32] + `"` }

func (d *s3Double) multipart(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	upload := r.URL.Query().Get("uploadId")
	switch {
	case r.Method == http.MethodPost && upload == "":
		d.began++
		upload = fmt.Sprint("upload-", d.began)
		d.parts[upload] = map[int][]byte{}
		_, _ = fmt.Fprintf(w, "<InitiateMultipartUploadResult><Bucket>files</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", key, upload)
	case r.Method == http.MethodPut:
		n, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		d.parts[upload][n] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodPost:
		var content []byte
		for n := 1; d.parts[upload][n] != nil; n++ {
			content = append(content, d.parts[upload][n]...)
		}
		delete(d.parts, upload)
		d.objects[key] = object{content: content, modified: time.Now()}
		_, _ = fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>files</Bucket><Key>%s</Key><ETag>%s</ETag></CompleteMultipartUploadResult>", key, etag(content))
	case r.Method == http.MethodDelete:
		delete(d.parts, upload)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (d *s3Double) list(w http.ResponseWriter, query url.Values) {
	type content struct {
		Key, LastModified, ETag string
		Size                    int
	}
	var page struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name                  string
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}
	page.Name = "files"
	var keys []string
	for key := range d.objects {
		if strings.HasPrefix(key, query.Get("prefix")) && key > query.Get("continuation-token") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if page.IsTruncated = len(keys) > 2; page.IsTruncated {
		keys = keys[:2]
		page.NextContinuationToken = keys[1]
	}
	for _, key := range keys {
		o := d.objects[key]
		page.Contents = append(page.Contents, content{key, o.modified.UTC().Format("2006-01-02T15:04:05.000Z"), etag(o.content), len(o.content)})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(page)
}

// signing is what signs the requests of a day.
type signing struct {
	key         []byte
	date, scope string
}

func newSigning(date string) signing {
	day := date[:8]
	key := sum([]byte("AWS4"+secretKey), day)
	for _, text := range []string{region, "s3", "aws4_request"} {
		key = sum(key, text)
	}
	return signing{key, date, day + "/" + region + "/s3/aws4_request"}
}

func sum(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexSum(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

// request is the signature of a request, given the headers that are signed.
func (s signing) request(r *http.Request, signed []string) string {
	var canonical strings.Builder
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	_, _ = fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), query)
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		_, _ = fmt.Fprintf(&canonical, "%s:%s\n", name, strings.TrimSpace(value))
	}
	_, _ = fmt.Fprintf(&canonical, "\n%s\n%s", strings.Join(signed, ";"), r.Header.Get("X-Amz-Content-Sha256"))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", s.date, s.scope, hexSum([]byte(canonical.String()))}, "\n")
	return hex.EncodeToString(sum(s.key, text))
}

// chunk is the signature of a chunk of a body, given that before it.
func (s signing) chunk(before string, content []byte) string {
	text := strings.Join([]string{"AWS4-HMAC-SHA256-PAYLOAD", s.date, s.scope, before, hexSum(nil), hexSum(content)}, "\n")
	return hex.EncodeToString(sum(s.key, text))
}

// verified is the body of a request that is signed as it should be.
func verified(r *http.Request) ([]byte, error) {
	fields := map[string]string{}
	for field := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	if len(date) < 8 {
		return nil, fmt.Errorf("not signed")
	}
	s := newSigning(date)
	if want := accessKey + "/" + s.scope; fields["Credential"] != want {
		return nil, fmt.Errorf("credential %q, want %q", fields["Credential"], want)
	}
	if want := s.request(r, strings.Split(fields["SignedHeaders"], ";")); fields["Signature"] != want {
		return nil, fmt.Errorf("signature %q, want %q", fields["Signature"], want)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch hash := r.Header.Get("X-Amz-Content-Sha256"); hash {
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
		return s.chunks(body, fields["Signature"])
	case hexSum(body), "UNSIGNED-PAYLOAD":
		return body, nil
	default:
		return nil, fmt.Errorf("the body is not that of %s", hash)
	}
}

// chunks joins the chunks of a body and checks their signatures.
func (s signing) chunks(body []byte, signature string) ([]byte, error) {
	var whole []byte
	r := bufio.NewReader(bytes.NewReader(body))
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, given, _ := strings.Cut(strings.TrimSpace(line), ";chunk-signature=")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil {
			return nil, err
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		if signature = s.chunk(signature, chunk[:n]); signature != given {
			return nil, fmt.Errorf("a chunk has the signature %q, want %q", given, signature)
		}
		if n == 0 {
			return whole, nil
		}
		whole = append(whole, chunk[:n]...)
	}
}

// The example that Amazon publishes for a GET with a range.
func TestTheDoubleSignsAsAmazonDoes(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	r.Header.Set("Range", "bytes=0-9")
	r.Header.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	got := newSigning("20130524T000000Z").request(r, []string{"host", "range", "x-amz-content-sha256", "x-amz-date"})
	if want := "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
