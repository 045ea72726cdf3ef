package kintolog

import (
	"errors"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/server"
)

func newPurgeDeleted(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "purge-deleted [RESOURCE...] MAX_RETAINED", Short: "Forget old tombstones",
		Long: `Forget tombstones, what is left of objects that were deleted: of each resource that is named, or of all, the newest
MAX_RETAINED stay in each plural endpoint, such as the records of one collection. A client that has not asked for changes
since does not hear of the others any more. The log keeps all deletions.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("purge-deleted needs to know how many tombstones to retain")
			}
			if n, err := strconv.ParseInt(args[len(args)-1], 10, 64); err != nil || n < 0 {
				return usage("MAX_RETAINED must be a number, 0 or more, not %q", args[len(args)-1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return purge(cmd, g, args[:len(args)-1], args[len(args)-1])
		},
	}
}

func purge(cmd *cobra.Command, g *globals, names []string, retained string) (err error) {
	retain, err := strconv.ParseInt(retained, 10, 64)
	if err != nil {
		return err
	}
	s, err := g.begun()
	if err != nil {
		return err
	}
	if s.Settings.HTTP.ReadOnly {
		return errors.New("the service is read-only (readonly)")
	}
	service, err := open(cmd.Context(), s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	var known, all []string
	for _, r := range service.Parts().Catalog.Resources() {
		if all = append(all, r.Name); !r.Internal() {
			known = append(known, r.Name)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return usage("there is no resource %q; there are %q", name, known)
		}
	}
	told := names
	if len(names) == 0 {
		names, told = all, known
	}
	gone, err := server.Purge(cmd.Context(), service.Parts(), names, retain)
	for _, name := range told {
		if err == nil {
			g.say("%-12s %d tombstones purged", name, gone[name])
		}
	}
	return err
}
