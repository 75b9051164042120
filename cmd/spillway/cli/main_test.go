package cli

import (
	"os"
	"testing"

	"github.com/spillwaydb/spillway/internal/testleak"
)

// asCommand in the environment makes the test binary be the command, so that a test can
// send it signals.
const asCommand = "SPILLWAY_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(Main(Command{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}))
	}
	testleak.Main(m)
}
