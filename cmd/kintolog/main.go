// Command kintolog operates the service: it writes a settings file, serves, and does what is to be done beside serving, such
// as creating users, rebuilding the read model and forgetting old tombstones. "kintolog help" lists it all.
package main

import (
	"os"

	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/program/kintolog"
)

func main() { os.Exit(kintolog.Main(program.Extension{})) }
