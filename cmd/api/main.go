// Command api serves the Kinto HTTP API from an event log. Without arguments it runs in one process with nothing to
// install: an embedded log and read model in ./data, on port 8888 of this machine.
package main

import (
	"os"

	"github.com/kintolog/kintolog/program"
)

func main() { os.Exit(program.API(program.Extension{})) }
