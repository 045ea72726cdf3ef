package main

import (
	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/cmd/internal/app"
)

func newStart(g *globals) *cobra.Command {
	var port string
	var withoutProjector bool
	cmd := &cobra.Command{
		Use: "start", Short: "Run the HTTP server", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := g.options()
			o.Port, o.NoProjector = port, withoutProjector
			return app.Advise(app.Serve(cmd.Context(), o, g.out(), g.logger()))
		},
	}
	cmd.Flags().StringVar(&port, "port", "", "listen on `PORT` (default that of the settings, 8888); 0 is a free one")
	cmd.Flags().BoolVar(&withoutProjector, "no-projector", false, "leave the read model to kintolog projector")
	return cmd
}

func newProjector(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "projector", Short: "Keep a PostgreSQL read model up with an external log", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.Project(cmd.Context(), g.options(), g.out(), g.logger())
		},
	}
}
