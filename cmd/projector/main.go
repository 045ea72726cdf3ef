// Command projector keeps a PostgreSQL read model up with an external log, and serves nothing. It is for services of
// several processes: where log or read model is embedded, the one api process has a projector of its own.
package main

import (
	"os"

	"github.com/kintolog/kintolog/program"
)

func main() { os.Exit(program.Projector(program.Extension{})) }
