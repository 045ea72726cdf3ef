package attachments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config says where an S3 store is.
type S3Config struct {
	// Endpoint is the URL of the service. Default "https://s3.amazonaws.com".
	Endpoint string
	Region   string // default: the one that the service names
	Bucket   string // of the service. Required, and must be there
	// AccessKey and SecretKey are both empty to take those that the environment or the machine has (IAM).
	AccessKey, SecretKey string
	// ACL is the canned access control list of attachments, such as "public-read". Default: that of the bucket.
	ACL string
	// PathStyle addresses the bucket in the path rather than in the host name. Default: whatever suits the service.
	PathStyle bool
	// Transport sends requests. Default: that of minio-go.
	Transport http.RoundTripper
}

// S3 keeps files in a bucket of a service with the API of S3. What an interrupted process left of a large file is for
// a lifecycle rule of the bucket to remove (AbortIncompleteMultipartUpload).
type S3 struct {
	client *minio.Client
	bucket string
	acl    string
}

var _ Store = (*S3)(nil)

// NewS3 makes a store. It does not connect.
func NewS3(c S3Config) (*S3, error) {
	if c.Bucket == "" {
		return nil, errors.New("attachments in S3 need the name of a bucket")
	}
	if c.Endpoint == "" {
		c.Endpoint = "https://s3.amazonaws.com"
	}
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return nil, fmt.Errorf("the endpoint of S3 must be a URL such as https://s3.example.org, not %q", c.Endpoint)
	}
	options := &minio.Options{
		Creds: c.credentials(), Secure: endpoint.Scheme == "https", Region: c.Region, Transport: c.Transport,
	}
	if c.PathStyle {
		options.BucketLookup = minio.BucketLookupPath
	}
	client, err := minio.New(endpoint.Host, options)
	if err != nil {
		return nil, fmt.Errorf("set up S3: %w", err)
	}
	return &S3{client: client, bucket: c.Bucket, acl: c.ACL}, nil
}

func (c S3Config) credentials() *credentials.Credentials {
	if c.AccessKey != "" || c.SecretKey != "" {
		return credentials.NewStaticV4(c.AccessKey, c.SecretKey, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{}})
}

// partSize is how much of a file is in memory, in bytes, twice at most. A file that is larger is uploaded in parts of this size, of
// which there can be 10,000.
const partSize = 8 << 20

// Put implements Store. Where the service does not know the header If-None-Match, a file that appears at the same
// moment can be replaced.
func (s *S3) Put(ctx context.Context, key, mimeType string, r io.Reader) error {
	head, err := io.ReadAll(io.LimitReader(r, partSize))
	if err != nil {
		return err
	}
	options := minio.PutObjectOptions{ContentType: mimeType, PartSize: partSize}
	options.SetMatchETagExcept("*")
	if s.acl != "" && !isHidden(key) {
		options.UserMetadata = map[string]string{"x-amz-acl": s.acl}
	}
	if len(head) < partSize {
		_, err = s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(head), int64(len(head)), options)
	} else {
		_, err = s.client.PutObject(ctx, s.bucket, key, io.MultiReader(bytes.NewReader(head), r), -1, options)
	}
	if minio.ToErrorResponse(err).Code == minio.PreconditionFailed {
		return ErrExists
	}
	return wrapped("put into S3", err)
}

// Open implements Store.
func (s *S3) Open(ctx context.Context, key string) (*File, error) {
	object, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.XMinioInvalidObjectName {
		return nil, ErrMissing // no file can have the key
	}
	if err != nil {
		return nil, wrapped("get from S3", err)
	}
	info, err := object.Stat()
	if err != nil {
		_ = object.Close() // nothing was read
		if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
			return nil, ErrMissing
		}
		return nil, wrapped("get from S3", err)
	}
	return &File{ReadSeekCloser: object, Modified: info.LastModified}, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	return wrapped("delete from S3", s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
}

// List implements Store.
func (s *S3) List(ctx context.Context, folder string, yield func(Entry) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := minio.ListObjectsOptions{Prefix: folder + "/", Recursive: true}
	for object := range s.client.ListObjectsIter(ctx, s.bucket, options) {
		if object.Err != nil {
			return wrapped("list S3", object.Err)
		}
		if err := yield(Entry{Key: object.Key, Modified: object.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func wrapped(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
