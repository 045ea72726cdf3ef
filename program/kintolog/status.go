package kintolog

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
)

func newStatus(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Tell how far the read model is; 0 if nothing is in quarantine", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := g.begun()
			if err != nil {
				return err
			}
			p, err := server.Inspect(cmd.Context(), s.Config)
			if err != nil {
				return program.Advise(err)
			}
			g.say("position    %d", p.Position)
			g.say("tail        %d", p.Tail)
			g.say("lag         %d", p.Lag())
			g.say("quarantine  %d", len(p.Quarantined))
			for _, row := range p.Quarantined {
				g.say("  %d  %s  %s", row.Position, row.URI, row.Refused)
			}
			if n := len(p.Quarantined); n > 0 {
				return fmt.Errorf("%d states of objects are in quarantine", n)
			}
			return nil
		},
	}
}
