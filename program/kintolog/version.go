package kintolog

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/program"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(os.Stdout, program.Release())
			return err
		},
	}
}
