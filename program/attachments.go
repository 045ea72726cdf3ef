package program

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/kintolog/kintolog/attachments"
	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/server"
)

// attach adds the plug-in for attachments, if the settings ask for it. The default bucket comes before it.
func attach(app *server.App, s *config.Settings) error {
	if !s.Plugins.Has(config.PluginAttachment) {
		return nil
	}
	a := s.Plugins.Attachments
	store, err := attachmentStore(s)
	if err != nil {
		return err
	}
	plugin, err := attachments.New(attachments.Options{
		Store: store, BaseURL: a.BaseURL, Folder: a.Folder, Extensions: a.Extensions, MimeTypes: a.MimeTypes,
		Extra: a.Extra, Version: app.Version, ReadOnly: s.HTTP.ReadOnly,
		Rules: func(bucket, collection string) attachments.Rules { return attachmentRules(a.For(bucket, collection)) },
	})
	if err != nil {
		return err
	}
	app.Plugins = append(app.Plugins, plugin)
	return nil
}

func attachmentRules(r config.AttachmentRules) attachments.Rules {
	return attachments.Rules{
		KeepOldFiles: r.KeepOldFiles, KeepNames: !r.Randomize, Pattern: r.FilenamePattern, MaxSize: int64(r.MaxSizeBytes),
	}
}

// attachmentStore is where the settings want the files: in a folder of theirs, in S3, or in the data folder.
func attachmentStore(s *config.Settings) (attachments.Store, error) {
	a := s.Plugins.Attachments
	switch {
	case a.BasePath != "":
		return attachments.OpenLocal(a.BasePath)
	case len(a.Cloud) > 0:
		return nil, errors.New("attachment.gcloud.* is not supported by this version: Google Cloud Storage has the API of S3 as well; " +
			"set attachment.aws.endpoint = https://storage.googleapis.com, bucket_name, and an HMAC key as access_key and secret_key")
	case len(a.AWS) > 0:
		return attachmentS3(a)
	case s.Storage.Volatile:
		dir, err := os.MkdirTemp("", "kintolog-attachments-")
		if err != nil {
			return nil, err
		}
		return attachments.OpenLocal(dir)
	}
	return attachments.OpenLocal(filepath.Join(s.Storage.DataDir, "attachments"))
}

func attachmentS3(a config.Attachments) (attachments.Store, error) {
	return attachments.NewS3(attachments.S3Config{
		Endpoint: a.S3Endpoint(), Region: string(a.AWS["region"]), Bucket: string(a.AWS["bucket_name"]),
		AccessKey: string(a.AWS["access_key"]), SecretKey: string(a.AWS["secret_key"]), ACL: string(a.AWS["acl"]), PathStyle: a.AWS["use_path_style"] == "true",
	})
}
