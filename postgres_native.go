//go:build !js

package spillway

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/driver"
)

// PostgresConfig is pgxpool's configuration; make one with pgxpool.ParseConfig. In a
// browser, which can not reach a server, it is an empty struct.
type PostgresConfig = pgxpool.Config

func openPostgres(cfg *PostgresConfig) (driver.Connector, backend.Limits, error) {
	return backend.Postgres(cfg)
}
