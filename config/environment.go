package config

import "strings"

// environment is what may be settings in the environment.
type environment struct {
	prefix string            // of names that are settings for sure, such as "KINTO_"
	values map[string]string // by name
}

// parseEnvironment reads lines such as NAME=value, of which those are settings that begin with a prefix such as "kinto.".
func parseEnvironment(lines []string, prefix string) environment {
	env := environment{variable(prefix), map[string]string{}}
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok && !env.isPlatform(name, value) {
			env.values[name] = value
		}
	}
	return env
}

// prefixed is the name of a setting in the environment.
func (e environment) prefixed(setting string) string { return e.prefix + variable(setting) }

// has tells whether a name is one of the environment that is meant to be a setting.
func (e environment) has(name string) bool {
	_, ok := e.values[name]
	return ok && strings.HasPrefix(name, e.prefix)
}

// variable is the name of a setting in the environment, without prefix.
func variable(setting string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(setting))
}

// DefaultFile is where the configuration is if nobody says otherwise.
const DefaultFile = "config/kinto.ini"

// FileName returns the configuration file that KINTO_INI names in the environment, or else DefaultFile (protocol
// 9.2). Whether there is such a file is for the caller to find out.
func FileName(env []string) string {
	for _, line := range env {
		if name, found := strings.CutPrefix(line, "KINTO_INI="); found && name != "" {
			return name
		}
	}
	return DefaultFile
}

// lookup returns the value of a setting and the variable that has it. An empty variable counts only if it
// is prefixed: others may be there for another program.
func (e environment) lookup(setting string) (value, name string, ok bool) {
	name = e.prefixed(setting)
	if value, ok = e.values[name]; ok {
		return value, name, true
	}
	name = variable(setting)
	value, ok = e.values[name]
	return value, name, ok && value != ""
}

// isPlatform reports whether a variable is not a setting: KINTO_INI names the file, HOST is the name of the
// computer in many shells, and Kubernetes announces a service that is called kinto, as the prefix, by the others.
func (e environment) isPlatform(name, value string) bool {
	rest, own := strings.CutPrefix(name, e.prefix)
	return name == "KINTO_INI" || name == "HOST" || own && (rest == "PORT" && strings.Contains(value, "://") ||
		strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_"))
}
