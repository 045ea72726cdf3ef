//go:build !unix

package pgtest

import "syscall"

type account struct{ uid, gid uint32 }

func unprivileged() (*account, error) { return nil, nil }

func ownSession(*account) *syscall.SysProcAttr { return nil }
