package backend

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	_ "github.com/spillwaydb/spillway/internal/opfs" // registers the VFS
)

// DefaultURL is what an empty URL means in a browser: a durable file of the page's
// origin.
const DefaultURL = "opfs:app"

var table = []backend{
	{schemes: []string{"opfs"}, form: "opfs:name", open: openOPFS},
	{schemes: []string{"sqlite", "sqlite3"}, form: "sqlite::memory:", open: openSQLite},
}

func init() {
	refusals["postgres"] = "a browser can not reach a Postgres server"
	refusals["postgresql"] = refusals["postgres"]
}

func openOPFS(_, rest string) (driver.Connector, Limits, error) {
	cfg, err := parseSQLite(rest)
	if err != nil {
		return nil, Limits{}, err
	}
	if cfg.Memory {
		return nil, Limits{}, fmt.Errorf("database URL names no file: write opfs:name")
	}
	cfg.VFS, cfg.Exclusive = "opfs", true
	c, err := sqlite.New(cfg)
	return c, Limits{}, err
}
