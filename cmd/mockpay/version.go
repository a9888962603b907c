package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by -ldflags "-X main.version=…".
var version = "dev"

// buildVersion is the version set by the linker, else the module's.
func buildVersion() string {
	if version != "dev" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			return c.showLocal(map[string]string{"version": v}, func(w io.Writer) {
				fmt.Fprintln(w, "mockpay", v)
			})
		},
	}
}
