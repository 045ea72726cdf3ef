package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretFile keeps the generated userid_hmac_secret in the data folder.
const secretFile = "userid_hmac_secret"

// LoadOrCreateSecret returns the secret kept in dir, and makes one when there is none: 32 random bytes in
// hexadecimal, in a file that only its owner can read. Dir is made if need be. Created tells which
// of the two it was. Several processes may call it at once: all get the same secret.
func LoadOrCreateSecret(dir string) (secret Secret, created bool, err error) {
	path := filepath.Join(dir, secretFile)
	if secret, err = readSecret(path); !errors.Is(err, fs.ErrNotExist) {
		return secret, false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", false, fmt.Errorf("make the data folder: %w", err)
	}
	if created, err = createSecret(dir, path); err != nil {
		return "", false, fmt.Errorf("keep a new secret in %s: %w", path, err)
	}
	secret, err = readSecret(path)
	return secret, created, err
}

func readSecret(path string) (Secret, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	secret := strings.TrimSpace(string(content))
	if secret == "" {
		return "", fmt.Errorf("%s is empty: delete it to have a new secret, which makes every user of "+
			"Basic authentication a new user", path)
	}
	return Secret(secret), nil
}

// createSecret writes a file beside and links it to its name, which fails if another process has done so
// before: nobody ever reads half a secret, or one that is replaced later.
func createSecret(dir, path string) (created bool, err error) {
	file, err := os.CreateTemp(dir, secretFile+".*") // mode 0600
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	_, err = file.WriteString(hex.EncodeToString(random[:]) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return false, err
	}
	if err := os.Link(file.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, err
	}
	return true, syncFolder(dir)
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
