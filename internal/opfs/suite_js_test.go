package opfs_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/drivertest"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/opfs"
)

var databases atomic.Int64

// TestConformance runs the suite of every driver over these files.
func TestConformance(t *testing.T) {
	drivertest.Run(t, func(t testing.TB) driver.Connector {
		c, err := sqlite.New(sqlite.Config{
			Path:        fmt.Sprintf("suite/a file %d?#%%.db", databases.Add(1)),
			VFS:         opfs.Name,
			Exclusive:   true,
			BusyTimeout: 100 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
}
