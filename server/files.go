package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// configFile is what the root endpoint tells of the operator's file; nil if there is none.
type configFile struct {
	Path     string `json:"path"`
	Hash     string `json:"hash"`     // SHA-256, in hexadecimal digits
	Modified string `json:"modified"` // local time
}

// readConfigFile describes the file as it is now. A name that is empty, or of no file, describes nothing.
func readConfigFile(name string) (*configFile, error) {
	content, info, err := readFile(name)
	if content == nil || err != nil {
		return nil, err
	}
	hash := sha256.Sum256(content)
	return &configFile{
		Path: name, Hash: hex.EncodeToString(hash[:]),
		Modified: info.ModTime().Local().Format("2006-01-02T15:04:05.999999"),
	}, nil
}

// versionDocument is the JSON of the file, nil if there is no such file (protocol 6.4).
func versionDocument(name string) ([]byte, error) {
	content, _, err := readFile(name)
	if err == nil && content != nil && !json.Valid(content) {
		err = fmt.Errorf("read %s: it is not JSON", name)
	}
	return content, err
}

// readFile returns nil for a file that does not exist.
func readFile(name string) ([]byte, fs.FileInfo, error) {
	if name == "" {
		return nil, nil, nil
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := os.Stat(name)
	return content, info, err
}
