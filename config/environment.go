package config

import "strings"

// environment is variables by name.
type environment map[string]string

// parseEnvironment reads lines such as NAME=value.
func parseEnvironment(lines []string) environment {
	env := environment{}
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			env[name] = value
		}
	}
	for name, value := range env {
		if isPlatform(name, value) {
			delete(env, name)
		}
	}
	return env
}

const envPrefix = "KINTO_"

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
	name = variable(setting)
	if value, ok = e[envPrefix+name]; ok {
		return value, envPrefix + name, true
	}
	value, ok = e[name]
	return value, name, ok && value != ""
}

// isPlatform reports whether a variable is not a setting: KINTO_INI names the file, HOST is the name of the
// computer in many shells, and Kubernetes announces a service that is called kinto by the others.
func isPlatform(name, value string) bool {
	return name == "KINTO_INI" || name == "HOST" ||
		name == "KINTO_PORT" && strings.Contains(value, "://") ||
		strings.HasPrefix(name, "KINTO_PORT_") || strings.HasPrefix(name, "KINTO_SERVICE_")
}
