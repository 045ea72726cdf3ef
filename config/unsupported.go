package config

import (
	"slices"
	"strings"
)

// unsupported are settings that are read and checked, but that this version does not act upon, each with what
// happens instead. Keys are names of settings, of families (see families.go), and values of includes and of
// multiauth.policies. Whoever makes one work removes its line.
var unsupported = map[string]string{}

// unheard is what listeners do not hear of, although Kinto has it.
const unheard = "listeners are not told of reads, which are not in the log"

// unsupportedIn warns of what was asked for and is not done, as a table such as unsupported tells.
func (l *loader) unsupportedIn(table map[string]string) {
	for _, g := range l.given {
		own := g.name == g.topic || strings.Contains(g.topic, "{") // not an option of a listener
		if sentence, found := table[g.topic]; found && g.changed && own {
			l.notYet(g.name, g.name, sentence)
		}
	}
	for _, listener := range l.Listeners {
		if slices.Contains(listener.Actions, "read") {
			name := "event_listeners." + listener.Name + ".actions"
			l.notYet(name, "read in "+name, unheard)
		}
	}
	for _, plugin := range l.Plugins.Includes {
		if sentence, found := table[string(plugin)]; found {
			l.notYet("includes", string(plugin)+" in includes", sentence)
		}
	}
	for _, policy := range l.Auth.Policies {
		sentence, found := table["policy "+string(policy.Kind)]
		if found && !l.Plugins.Has(pluginOf[policy.Kind]) { // of which it was said already
			l.notYet("multiauth.policies", policy.Setting+" in multiauth.policies", sentence)
		}
	}
}

func (l *loader) notYet(setting, what, sentence string) {
	l.warn(setting, "%s is not supported by this version yet: %s.", what, sentence)
}
