package faults_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// database is a PostgreSQL server of the test's own, which can be stopped and started.
type database struct {
	t      *testing.T
	url    string
	folder string
	as     *syscall.SysProcAttr // whom it runs as
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	connURL, stop, err := pgtest.Start(context.Background(), pgtest.Options{})
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	t.Cleanup(stop)
	u, err := url.Parse(connURL)
	if err != nil {
		t.Fatal(err)
	}
	d := &database{t: t, url: connURL, folder: u.Query().Get("host")}
	info, err := os.Stat(d.folder)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Getuid() {
		d.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	return d
}

// settings are the lines of a settings file that choose it for the read model.
func (d *database) settings() string {
	return "kinto.read_model = postgresql\nkinto.storage_url = " + strings.ReplaceAll(d.url, "%", "%%")
}

// kill ends the server as a crash does: it loses what it has not written yet.
func (d *database) kill() {
	d.t.Helper()
	d.control("stop", "--mode=immediate")
}

// start starts it again, and returns when it accepts connections.
func (d *database) start() {
	d.t.Helper()
	d.control("start", "--wait", "--log="+filepath.Join(d.folder, "log"), "--options=-c listen_addresses='' -c port=5432"+
		" -c unix_socket_directories='"+d.folder+"' -c max_connections=200 -c fsync=off")
}

func (d *database) control(args ...string) {
	d.t.Helper()
	cmd := exec.Command("pg_ctl", append(args, "--pgdata="+filepath.Join(d.folder, "data"))...)
	if path, err := exec.Command("pg_config", "--bindir").Output(); err == nil && cmd.Err != nil {
		cmd.Path, cmd.Err = filepath.Join(string(path[:len(path)-1]), "pg_ctl"), nil
	}
	cmd.Dir, cmd.SysProcAttr = d.folder, d.as
	if err := cmd.Run(); err != nil {
		d.t.Fatalf("pg_ctl %v: %v", args, err)
	}
}
