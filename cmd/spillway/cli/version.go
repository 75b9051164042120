package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version that the module was built at.
func (versionCommand) Run(c *Command) error {
	_, err := fmt.Fprintln(c.Stdout, versionLine())
	return err
}

func versionLine() string {
	return fmt.Sprintf("spillway %s (%s %s/%s)", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is the module's version as the go command recorded it. Builds outside version
// control have none.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
