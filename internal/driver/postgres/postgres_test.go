package postgres_test

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/drivertest"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) { testleak.Main(m) }

// open returns a connector to a new database.
func open(t testing.TB) driver.Connector {
	t.Helper()
	c, err := postgres.Open(testdb.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) { drivertest.Run(t, open) }

func BenchmarkConn(b *testing.B) { drivertest.Benchmark(b, open) }
