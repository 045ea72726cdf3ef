package kintolog

import (
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

//go:embed kinto.ini.tmpl
var settingsText string

var settingsTemplate = template.Must(template.New("kinto.ini").Parse(settingsText))

// choices are what the settings file is made of.
type choices struct {
	Host, Backend, Cache              string
	UserIDSecret, DefaultBucketSecret string
}

// The names of backends on the command line, those of Kinto included, and what they mean here.
var (
	backends = map[string]string{"sqlite": "sqlite", "memory": "memory", "postgresql": "postgresql"}
	caches   = map[string]string{
		"memory": "memory", "shared": "shared", "postgresql": "shared", "memcached": "shared", "redis": "shared",
	}
)

func newInit(g *globals) *cobra.Command {
	var c choices
	cmd := &cobra.Command{
		Use: "init", Short: "Write a settings file", Args: noArgs,
		Long: `Write a settings file with new secrets. At a terminal, what is not given is asked for.
The file is that of --config. One that exists is left alone, with exit code 1.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file := g.file()
			if _, err := os.Lstat(file); err == nil {
				return exists(file)
			}
			if err := c.complete(newPrompt(cmd.Context())); err != nil {
				return err
			}
			if err := c.write(file); err != nil {
				return err
			}
			g.say("%s is written. What to do next:\n"+
				"  kintolog create-user --config %[1]s -u admin\n"+
				"  kintolog start --config %[1]s", file)
			return nil
		},
	}
	cmd.Flags().StringVar(&c.Backend, "backend", "", "`NAME` of the read model: sqlite, memory or postgresql (default sqlite)")
	cmd.Flags().StringVar(&c.Cache, "cache-backend", "",
		"`NAME` of the cache: memory, or shared by several processes; postgresql, memcached and redis mean shared (default memory)")
	cmd.Flags().StringVar(&c.Host, "host", "", "listen on `ADDRESS` (default 127.0.0.1)")
	return cmd
}

// exists is the error for a file that is there (protocol 12).
func exists(file string) error {
	return exit{exitFailure, fmt.Errorf("%s already exists.", file)} //nolint:staticcheck // a sentence that tools wait for
}

// complete asks for what was not given, until the answer makes sense; without a person it takes the defaults.
func (c *choices) complete(p *prompt) error {
	for _, q := range []struct {
		value          *string
		flag, question string
		otherwise      string
		meaning        func(string) (string, bool)
	}{
		{&c.Backend, "--backend", "Read model: sqlite, memory or postgresql", "sqlite", oneOf(backends)},
		{&c.Cache, "--cache-backend", "Cache: memory, or shared by several processes", "memory", oneOf(caches)},
		{&c.Host, "--host", "Address to listen on", "127.0.0.1", host},
	} {
		given, ok := *q.value, false
		if given != "" {
			if *q.value, ok = q.meaning(given); !ok {
				return usage("%s cannot be %q", q.flag, given)
			}
			continue
		}
		for !ok {
			answer := ""
			if p.terminal {
				var err error
				if answer, err = p.ask(fmt.Sprintf("%s [%s]: ", q.question, q.otherwise)); err != nil {
					return err
				}
			}
			if answer == "" {
				answer = q.otherwise
			}
			*q.value, ok = q.meaning(answer)
		}
	}
	return nil
}

func oneOf(names map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		meaning, ok := names[strings.ToLower(name)]
		return meaning, ok
	}
}

// host accepts addresses and names.
func host(text string) (string, bool) {
	return text, net.ParseIP(text) != nil || !strings.ContainsAny(text, " \t:/=%[]\"'")
}

// write makes the file, for the eyes of its owner: it has secrets.
func (c *choices) write(file string) (err error) {
	c.UserIDSecret, c.DefaultBucketSecret = secret(), secret()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // the folder has nothing secret, its file has
		return fmt.Errorf("write settings: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return exists(file)
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := errors.Join(settingsTemplate.Execute(f, c), f.Close()); err != nil {
		return fmt.Errorf("write settings to %s: %w", file, err)
	}
	return nil
}

// secret is 32 random bytes in hexadecimal.
func secret() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}
