package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spillwaydb/spillway/internal/testleak"
)

// asCommand in the environment makes the test binary be the command, so that a test can
// send it signals.
const asCommand = "SPILLWAY_TEST_AS_COMMAND"

func asMain() {
	os.Exit(Main(Command{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}))
}

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		asMain()
	}
	testscript.Main(leakFree{m}, map[string]func(){"spillway": asMain})
}

// leakFree is testleak.Main as testscript needs it: it does not exit.
type leakFree struct{ *testing.M }

func (m leakFree) Run() int {
	code := m.M.Run()
	if left := testleak.Wait(testleak.Grace); code == 0 && len(left) > 0 {
		fmt.Fprintln(os.Stderr, "goroutines left after the tests:\n\n"+strings.Join(left, "\n\n"))
		code = 1
	}
	return code
}
