package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/cmd/internal/app"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/server"
)

func newUndelivered(g *globals) *cobra.Command {
	var replay, drop bool
	cmd := &cobra.Command{
		Use: "undelivered LISTENER [EVENT...]", Short: "List what a listener did not take, deliver it again, or drop it",
		Long: `List the events that a listener did not take in spite of all retries, and that were set aside. With --replay each is
delivered once more, in their order, until one is not taken: those that are taken are no longer set aside. With --drop
they are forgotten. Events that are named are dealt with alone.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("undelivered needs the name of a listener")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return undelivered(cmd, g, args[0], args[1:], replay, drop)
		},
	}
	cmd.Flags().BoolVar(&replay, "replay", false, "deliver again")
	cmd.Flags().BoolVar(&drop, "drop", false, "forget")
	cmd.MarkFlagsMutuallyExclusive("replay", "drop")
	return cmd
}

func undelivered(cmd *cobra.Command, g *globals, name string, events []string, replay, drop bool) (err error) {
	ctx := cmd.Context()
	s, err := g.service()
	if err != nil {
		return err
	}
	if (replay || drop) && s.Settings.HTTP.ReadOnly {
		return errors.New("the service is read-only (readonly)")
	}
	all, err := app.Listeners(s.Settings)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(l listeners.Listener) bool { return l.Name == name })
	if i < 0 {
		return usage("there is no listener %q in event_listeners", name)
	}
	for i := range s.App.Plugins {
		s.App.Plugins[i].Background = nil // so that nothing is delivered but what is asked for
	}
	service, err := server.Open(ctx, s.App, s.Config)
	if err != nil {
		return app.Advise(err)
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	missed, err := listeners.AllMissed(ctx, service.Parts(), name)
	if err != nil {
		return err
	}
	for _, m := range missed {
		if len(events) > 0 && !slices.Contains(events, m.Event) {
			continue
		}
		switch {
		case replay:
			if err := listeners.Replay(ctx, service.Parts(), all[i], m); err != nil {
				return err
			}
			g.say("delivered  %s  %s %s", m.Event, m.Action, m.Subject)
		case drop:
			if err := listeners.Drop(ctx, service.Parts(), m); err != nil {
				return err
			}
			g.say("dropped  %s  %s %s", m.Event, m.Action, m.Subject)
		default:
			g.say("%s  %d  %s %s  %s", m.Event, m.Position, m.Action, m.Subject, m.Reason)
		}
	}
	return nil
}
