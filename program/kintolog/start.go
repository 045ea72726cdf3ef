package kintolog

import (
	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/program"
)

func newStart(g *globals) *cobra.Command {
	var port uint16
	var withoutProjector bool
	cmd := &cobra.Command{
		Use: "start", Short: "Run the HTTP server", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := g.options()
			if o.NoProjector = withoutProjector; cmd.Flags().Changed("port") {
				o.Port = &port
			}
			return program.Serve(cmd.Context(), o, g.out(), g.logger())
		},
	}
	cmd.Flags().Uint16Var(&port, "port", 0, "listen on `PORT` (default that of the settings, 8888); 0 is a free one")
	cmd.Flags().BoolVar(&withoutProjector, "no-projector", false, "leave the read model to kintolog projector")
	cmd.Flags().Bool("reload", false, "")
	_ = cmd.Flags().MarkDeprecated("reload", "it is Kinto's, and has no effect: start again to have settings read again") // is a flag
	return cmd
}

func newProjector(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "projector", Short: "Keep a PostgreSQL read model up with an external log", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return program.Project(cmd.Context(), g.options(), g.out(), g.logger())
		},
	}
}
