package kintolog

import (
	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
)

func newMigrate(g *globals) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the schema of the read model up to date", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := g.options().Service(g.logger())
			if err != nil {
				return err
			}
			if s.Config.Memory {
				g.say("There is nothing to do: the settings say memory, and each start makes a schema of its own.")
				return nil
			}
			pending, err := server.Pending(cmd.Context(), s.Config)
			if err != nil {
				return program.Advise(err)
			}
			switch {
			case len(pending) == 0:
				g.say("The schema is up to date.")
			case dry:
				g.say("To be done:")
			case s.Settings.HTTP.ReadOnly:
				g.logger().WithContext(cmd.Context()).Error("the service is read-only (readonly): the schema is left as it is")
				return nil
			default:
				if err := server.Migrate(cmd.Context(), s.App, s.Config); err != nil {
					return program.Advise(err)
				}
				g.say("Done:")
			}
			for _, name := range pending {
				g.say("  %s", name)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only tell what would be done")
	return cmd
}
