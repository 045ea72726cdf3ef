package kintolog

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/program"
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
	s, err := g.begun()
	if err != nil {
		return err
	}
	if (replay || drop) && s.Settings.HTTP.ReadOnly {
		return errors.New("the service is read-only (readonly)")
	}
	listener, err := listenerNamed(s, name)
	if err != nil {
		return err
	}
	for i := range s.App.Plugins {
		s.App.Plugins[i].Background = nil // so that nothing is delivered but what is asked for
	}
	service, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	missed, err := listeners.AllMissed(ctx, service.Parts(), name)
	if err != nil {
		return err
	}
	if missed, err = chosen(missed, events); err != nil {
		return err
	}
	for _, m := range missed {
		switch {
		case replay:
			err = listeners.Replay(ctx, service.Parts(), listener, m)
		case drop:
			err = listeners.Drop(ctx, service.Parts(), m)
		}
		if err != nil {
			return err
		}
		g.say("%s", line(m, replay, drop))
	}
	return nil
}

// listenerNamed is one of the settings, or of the extension.
func listenerNamed(s program.Service, name string) (listeners.Listener, error) {
	i := slices.IndexFunc(s.Listeners, func(l listeners.Listener) bool { return l.Name == name })
	if i < 0 {
		return listeners.Listener{}, usage("there is no listener %q in event_listeners", name)
	}
	return s.Listeners[i], nil
}

// chosen are those of the events that are named, in their order; all if none is named.
func chosen(missed []listeners.Missed, events []string) ([]listeners.Missed, error) {
	if len(events) == 0 {
		return missed, nil
	}
	for _, event := range events {
		if !slices.ContainsFunc(missed, func(m listeners.Missed) bool { return m.Event == event }) {
			return nil, usage("the event %s is not set aside", event)
		}
	}
	return slices.DeleteFunc(missed, func(m listeners.Missed) bool { return !slices.Contains(events, m.Event) }), nil
}

// line says what an event is, or what became of it.
func line(m listeners.Missed, delivered, dropped bool) string {
	switch about := fmt.Sprintf("%s %s", m.Action, m.Subject); {
	case delivered:
		return fmt.Sprintf("delivered  %s  %s", m.Event, about)
	case dropped:
		return fmt.Sprintf("dropped  %s  %s", m.Event, about)
	default:
		return fmt.Sprintf("%s  %d  %s  %s", m.Event, m.Position, about, m.Reason)
	}
}
