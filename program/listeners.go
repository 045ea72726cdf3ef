package program

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/metrics"
	"github.com/kintolog/kintolog/server"
)

// listeners are those that the settings ask for, and those of the extension.
func (e Extension) listeners(s *config.Settings) ([]listeners.Listener, error) {
	var all []listeners.Listener
	for _, asked := range s.Listeners {
		l, err := webhook(asked)
		if err != nil {
			return nil, fmt.Errorf("event_listeners.%s.%w", asked.Name, err)
		}
		all = append(all, l)
	}
	return append(all, e.Listeners...), nil
}

// listen adds listeners, and measures them.
func listen(app *server.App, all []listeners.Listener, meter *metrics.Meter) error {
	if len(all) == 0 {
		return nil
	}
	took := map[string]func(time.Duration){}
	for _, l := range all {
		took[l.Name] = meter.Listener(l.Name)
	}
	plugin, err := listeners.New(listeners.Options{
		Listeners: all, Observe: func(name string, d time.Duration, _ error) { took[name](d) },
	})
	if err != nil {
		return fmt.Errorf("event_listeners: %w", err)
	}
	app.Plugins = append(app.Plugins, plugin)
	return nil
}

// webhookSettings are the options of a webhook.
var webhookSettings = []string{"operators", "retries", "secret", "timeout", "url"}

// webhook is the only component there is. Its errors begin with the option that they are about.
func webhook(asked config.Listener) (l listeners.Listener, err error) {
	for name := range asked.Options {
		if !slices.Contains(webhookSettings, name) {
			return l, fmt.Errorf("%s is not one of %q", name, webhookSettings)
		}
	}
	option := func(name string) string { return strings.TrimSpace(asked.Options[name].Reveal()) }
	hook, err := listeners.NewWebhook(option("url"), option("secret"))
	if err != nil {
		return l, fmt.Errorf("url: %w", err)
	}
	l = listeners.Listener{
		Name: asked.Name, Resources: asked.Resources, Actions: []domain.Action{}, Handle: hook.Handle, Close: hook.Close,
		Operators: strings.FieldsFunc(option("operators"), func(r rune) bool { return strings.ContainsRune(", \t\n", r) }),
	}
	for _, action := range asked.Actions {
		l.Actions = append(l.Actions, domain.Action(action))
	}
	if l.Timeout, err = timeout(option("timeout")); err != nil {
		return l, fmt.Errorf("timeout: %w", err)
	}
	if l.Retries, err = retries(option("retries")); err != nil {
		return l, fmt.Errorf("retries: %w", err)
	}
	return l, nil
}

// timeout is a number of seconds, or zero for the default.
func timeout(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0.001 && n <= 3600) {
		return 0, errors.New("must be a number of seconds between 0.001 and 3600")
	}
	return time.Duration(n * float64(time.Second)), nil
}

// retries are as those of a Listener, where zero is the default.
func retries(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 0 || n > 1000:
		return 0, errors.New("must be a whole number between 0 and 1000")
	case n == 0:
		return -1, nil
	}
	return n, nil
}
