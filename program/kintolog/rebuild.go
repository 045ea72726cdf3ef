package kintolog

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
)

func newRebuild(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "rebuild", Short: "Make the read model anew from the log", Args: noArgs,
		Long: `Make the read model anew from the log, beside the live one, and put it in its place. A PostgreSQL read model on an
external log is served meanwhile: requests and projectors go on, also after the switch. With an embedded log or SQLite, stop the
service before.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := g.begun()
			if err != nil {
				return err
			}
			began := time.Now()
			var entries domain.Position
			show, done := progress(g, "rebuild")
			err = server.Rebuild(cmd.Context(), s.App, s.Config, func(now, total domain.Position) {
				entries = now
				show(now, total)
			})
			done()
			if err != nil {
				return program.Advise(err)
			}
			g.say("The read model is made anew from %d entries, in %s.", entries, time.Since(began).Round(time.Millisecond))
			return nil
		},
	}
}
