package browser

import (
	"fmt"
	"os"
	"testing"

	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "spillway-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs.dir = dir
	testleak.Main(m, func() { _ = os.RemoveAll(dir) })
}
