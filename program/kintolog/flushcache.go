package kintolog

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
)

func newFlushCache(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "flush-cache", Short: "Empty the cache that the processes of a service share", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := g.options().Service(g.logger())
			if err != nil {
				return err
			}
			err = server.FlushCache(cmd.Context(), s.Config)
			if errors.Is(err, server.ErrOwnCache) {
				g.say("There is nothing to do: %v. It is empty after a restart.", err)
				return nil
			}
			if err == nil {
				g.say("The cache is empty.")
			}
			return program.Advise(err)
		},
	}
}
