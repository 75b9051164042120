package sqlite_test

import (
	"os"
	"testing"

	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		writeUntilKilled(path)
		return
	}
	testleak.Main(m)
}
