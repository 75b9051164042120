package backend

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// backend is one line of the table: a scheme and how to open it.
type backend struct {
	schemes []string
	form    string // for messages
	open    func(raw, rest string) (driver.Connector, Limits, error)
}

// Open makes the driver for a URL. It connects to nothing. Errors never show a password.
func Open(raw string) (driver.Connector, Limits, error) {
	scheme, rest, err := Scheme(raw)
	if err != nil {
		return nil, Limits{}, err
	}
	for _, b := range table {
		for _, s := range b.schemes {
			if s == scheme {
				return b.open(raw, rest)
			}
		}
	}
	return nil, Limits{}, unknown(scheme)
}

func openSQLite(_, rest string) (driver.Connector, Limits, error) {
	cfg, err := parseSQLite(rest)
	if err != nil {
		return nil, Limits{}, err
	}
	c, err := sqlite.New(cfg)
	if err != nil {
		return nil, Limits{}, fmt.Errorf("open %w", err)
	}
	return c, Limits{}, nil
}
