package kintolog

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/program"
)

func newCreateUser(g *globals) *cobra.Command {
	var name, password string
	cmd := &cobra.Command{
		Use: "create-user", Short: "Create an account, or replace it", Args: noArgs,
		Long: `Create an account, or replace the one of that name. What is not given is asked for.
Exit codes: 51 if the service is read-only, 52 if it has no accounts, 53 if the input ends or is interrupted.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := g.service()
			switch {
			case s.Settings == nil:
				return err
			case s.Settings.HTTP.ReadOnly:
				return exit{exitReadOnly, errors.New("the service is read-only (readonly): no user can be created")}
			case !s.Settings.Plugins.Has(config.PluginAccounts):
				return exit{exitNoAccounts, fmt.Errorf("the service has no accounts: add %s to includes", config.PluginAccounts)}
			case err != nil:
				return err
			}
			if name != "" && !accounts.ValidName(name) {
				return usage("%q cannot be the name of an account", name)
			}
			if name, password, err = credentials(cmd, name, password); err != nil {
				return exit{exitAborted, err}
			}
			if err := createUser(cmd, s, name, password); err != nil {
				return err
			}
			g.say("The account %s is saved.", name)
			return nil
		},
	}
	cmd.Flags().StringVarP(&name, "username", "u", "", "`NAME` of the account")
	cmd.Flags().StringVarP(&password, "password", "p", "", "its `PASSWORD`; others on this machine may see it here")
	return cmd
}

// credentials asks for what is missing.
func credentials(cmd *cobra.Command, name, password string) (string, string, error) {
	p := newPrompt(cmd.Context())
	var err error
	for !accounts.ValidName(name) && err == nil {
		name, err = p.ask("Username (letters, digits and + . @ _ -): ")
	}
	for password == "" && err == nil {
		password, err = p.twice()
	}
	return name, password, err
}

func createUser(cmd *cobra.Command, s program.Service, name, password string) (err error) {
	service, err := open(cmd.Context(), s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	err = accounts.Put(cmd.Context(), service.Parts(), name, password)
	if domain.CodeOf(err) == domain.Invalid {
		return usage("%w", err)
	}
	return err
}
