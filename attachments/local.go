package attachments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// Local keeps files in a folder. A file appears under its name once it is whole and on disk.
//
// Whatever a key says, nothing outside of the folder is touched, also through symbolic links.
type Local struct {
	root *os.Root
}

var _ Store = (*Local)(nil)

// unfinished is the folder of files that are being written. It is not listed.
const unfinished = ".unfinished"

// abandoned is the age at which nobody is writing a file any more.
const abandoned = 24 * time.Hour

// OpenLocal opens a folder, and makes it if it is not there. What interrupted processes left unfinished is removed
// when it is a day old.
func OpenLocal(dir string) (*Local, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of attachments: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of attachments: %w", err)
	}
	l := &Local{root: root}
	if err := l.tidy(); err != nil {
		return nil, errors.Join(fmt.Errorf("tidy the folder of attachments: %w", err), root.Close())
	}
	return l, nil
}

// tidy removes what was abandoned while it was written.
func (l *Local) tidy() error {
	entries, err := fs.ReadDir(l.root.FS(), unfinished)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < abandoned {
			continue // it was finished just now, or may be yet
		}
		if err := l.remove(filepath.Join(unfinished, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Put implements Store.
func (l *Local) Put(_ context.Context, key, _ string, r io.Reader) error {
	name, err := localName(key)
	if err != nil {
		return err
	}
	temporary := filepath.Join(unfinished, uuid.NewString())
	if err := l.write(temporary, r); err != nil {
		return errors.Join(err, l.remove(temporary))
	}
	if err := l.publish(temporary, name); err != nil {
		return errors.Join(err, l.remove(temporary))
	}
	return nil
}

// write writes a new file to disk.
func (l *Local) write(name string, r io.Reader) (err error) {
	if err := l.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	return f.Sync()
}

// attempts at making a folder that others may be removing because it is empty.
const attempts = 100

// publish gives a file its name, unless that is taken. The name is claimed first, because to rename replaces.
func (l *Local) publish(temporary, name string) error {
	for attempt := 1; ; attempt++ {
		err := l.claim(name)
		if err == nil {
			break
		}
		removed := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) // before, or after it was found to be there
		if !removed || attempt == attempts {
			return err
		}
	}
	if err := l.root.Rename(temporary, name); err != nil {
		return errors.Join(err, l.remove(name))
	}
	return l.syncFolders(name)
}

func (l *Local) claim(name string) error {
	if err := l.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// syncFolders makes the way to a file durable.
func (l *Local) syncFolders(name string) error {
	for name != "." {
		name = filepath.Dir(name)
		dir, err := l.root.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
			return fmt.Errorf("sync a folder of attachments: %w", err)
		}
	}
	return nil
}

// Open implements Store.
func (l *Local) Open(_ context.Context, key string) (*File, error) {
	name, err := localName(key)
	if err != nil {
		return nil, err
	}
	f, err := l.root.Open(name)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return nil, ErrMissing // no file can have the key
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrMissing
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &File{ReadSeekCloser: f, Modified: info.ModTime()}, nil
}

// Delete implements Store. Folders that become empty go, too.
func (l *Local) Delete(_ context.Context, key string) error {
	name, err := localName(key)
	if err != nil {
		return err
	}
	if err := l.remove(name); err != nil {
		return err
	}
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		if l.root.Remove(dir) != nil {
			return nil //nolint:nilerr // the folder is not empty: there is nothing more to tidy
		}
	}
	return nil
}

func (l *Local) remove(name string) error {
	if err := l.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List implements Store.
func (l *Local) List(ctx context.Context, folder string, yield func(Entry) error) error {
	dir, err := l.root.Open(filepath.FromSlash(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // it was only read
	for {
		entries, err := dir.ReadDir(256)
		for _, e := range entries {
			if err := errors.Join(ctx.Err(), l.listed(ctx, path.Join(folder, e.Name()), e, yield)); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, fs.ErrNotExist): // it was removed meanwhile
			return nil
		case err != nil:
			return err
		}
	}
}

func (l *Local) listed(ctx context.Context, key string, e fs.DirEntry, yield func(Entry) error) error {
	switch {
	case e.IsDir() && key != unfinished:
		return l.List(ctx, key, yield)
	case !e.Type().IsRegular():
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return yield(Entry{Key: key, Modified: info.ModTime()})
}

// localName is the path of a key.
func localName(key string) (string, error) {
	if !isKey(key) || !filepath.IsLocal(filepath.FromSlash(key)) {
		return "", fmt.Errorf("%q is not a key of a file", key)
	}
	return filepath.FromSlash(key), nil
}
