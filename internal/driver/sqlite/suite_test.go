package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/drivertest"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// soon is the patience of tests in which someone really has to wait in vain.
const soon = 100 * time.Millisecond

func TestConformance(t *testing.T) {
	t.Run("file", func(t *testing.T) { drivertest.Run(t, openFile) })
	t.Run("exclusive", func(t *testing.T) { drivertest.Run(t, openExclusive) })
	t.Run("memory", func(t *testing.T) { drivertest.Run(t, openMemory) })
}

func BenchmarkFile(b *testing.B)   { drivertest.Benchmark(b, openFile) }
func BenchmarkMemory(b *testing.B) { drivertest.Benchmark(b, openMemory) }

func openFile(t testing.TB) driver.Connector {
	return connector(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "a file?#%.db"), BusyTimeout: soon})
}

func openExclusive(t testing.TB) driver.Connector {
	return connector(t, sqlite.Config{Path: path(t), BusyTimeout: soon, Exclusive: true})
}

func openMemory(t testing.TB) driver.Connector {
	return connector(t, sqlite.Config{Memory: true, BusyTimeout: soon})
}

func connector(t testing.TB, cfg sqlite.Config) driver.Connector {
	t.Helper()
	c, err := sqlite.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
