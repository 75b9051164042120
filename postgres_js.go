package spillway

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/driver"
)

// PostgresConfig is pgxpool's configuration on other platforms. A browser can not reach
// a Postgres server.
type PostgresConfig struct{}

func openPostgres(*PostgresConfig) (driver.Connector, backend.Limits, error) {
	return nil, backend.Limits{}, errors.New("a browser can not reach a Postgres server: use sqlite::memory: or opfs:name")
}
