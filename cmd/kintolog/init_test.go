package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/config"
)

func TestInitWritesSettingsThatAreUnderstood(t *testing.T) {
	t.Parallel()
	seen := map[config.Secret]bool{}
	for backend, want := range map[string]config.Backend{
		"sqlite": config.SQLite, "memory": config.SQLite, "postgresql": config.PostgreSQL,
	} {
		for _, cache := range []string{"memory", "shared", "redis"} {
			p := newPlace(t)
			p.must("init", "--backend="+backend, "--cache-backend="+cache, "--host=0.0.0.0")
			file := filepath.Join(p.dir, "config/kinto.ini")
			s, warnings, err := config.Load(file, nil)
			if err != nil {
				t.Errorf("%s, %s: %v", backend, cache, err)
				continue
			}
			for _, w := range warnings {
				// What a version does not do yet is no mistake of the file.
				if !strings.Contains(w.Text, "not supported by this version yet") {
					t.Errorf("%s, %s: %s", backend, cache, w)
				}
			}
			if s.Storage.ReadModel != want || s.Storage.Volatile != (backend == "memory") || s.Server.Host != "0.0.0.0" {
				t.Errorf("%s, %s: %+v, %+v", backend, cache, s.Storage, s.Server)
			}
			if shared := s.Storage.Cache.Backend == config.Shared; shared != (cache != "memory") {
				t.Errorf("%s, %s: the cache is %s", backend, cache, s.Storage.Cache.Backend)
			}
			if !s.Plugins.Has(config.PluginAccounts) || !s.Plugins.Has(config.PluginDefaultBucket) || !s.Plugins.Has(config.PluginAdmin) {
				t.Errorf("the plug-ins are %q", s.Plugins.Includes)
			}
			for _, secret := range []config.Secret{s.Auth.UserIDSecret, s.Plugins.DefaultBucketSecret} {
				if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(secret.Reveal()) || seen[secret] {
					t.Error("a secret is not 32 random bytes in hexadecimal")
				}
				seen[secret] = true
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file with secrets has the mode %v, %v", info.Mode(), err)
			}
		}
	}
}

func TestInitWritesWhereKintoIniSays(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env = []string{"KINTO_INI=elsewhere/my.ini"}
	if out := p.must("init"); !strings.HasPrefix(out, "elsewhere/my.ini is written") {
		t.Errorf("init said %q", out)
	}
	p.must("create-user", "-u", "admin", "-p", "x", "-q")
	p.start().must("admin:x", "GET", "/accounts/admin", "", 200)
}
