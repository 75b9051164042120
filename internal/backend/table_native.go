//go:build !js

package backend

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
)

// DefaultURL is what an empty URL means.
const DefaultURL = "sqlite:app.db"

var table = []backend{
	{schemes: []string{"postgres", "postgresql"}, form: "postgres://user:password@host/database", open: openURL},
	{schemes: []string{"sqlite", "sqlite3"}, form: "sqlite:file.db", open: openSQLite},
}

func init() { refusals["opfs"] = "opfs is a browser's file system" }

func openURL(_, rest string) (driver.Connector, Limits, error) {
	raw := "postgres:" + rest
	if !strings.HasPrefix(rest, "//") {
		raw = "postgres://" + rest
	}
	raw, pooled, err := cutPooler(raw)
	if err != nil {
		return nil, Limits{}, err
	}
	c, err := postgres.Open(raw)
	if err != nil {
		return nil, Limits{}, err
	}
	if pooled {
		c.SetTransactionPooler()
	}
	cfg, err := pgxpool.ParseConfig(raw)
	if err != nil {
		return nil, Limits{}, err // not reached: Open has parsed it
	}
	return c, limitsOf(cfg), nil
}

// cutPooler takes the parameter pooler=transaction, which is ours, out of a URL.
func cutPooler(raw string) (rest string, pooled bool, err error) {
	u, err := url.Parse(raw)
	if err != nil || !u.Query().Has("pooler") {
		return raw, false, nil // what is wrong with it is for pgx to say
	}
	q := u.Query()
	if v := q.Get("pooler"); v != "transaction" {
		return "", false, fmt.Errorf("database URL: pooler=%s: want transaction, or nothing", v)
	}
	q.Del("pooler")
	u.RawQuery = q.Encode()
	return u.String(), true, nil
}

// Postgres makes the driver for a ready configuration.
func Postgres(cfg *pgxpool.Config) (driver.Connector, Limits, error) {
	c, err := postgres.New(cfg)
	if err != nil {
		return nil, Limits{}, err
	}
	return c, limitsOf(cfg), nil
}

// limitsOf tells what the configuration sets apart from pgxpool's own defaults; a value
// equal to its default can not be told from one that was not set.
func limitsOf(cfg *pgxpool.Config) (l Limits) {
	if n := int(cfg.MaxConns); n != max(4, runtime.NumCPU()) {
		l.MaxConnections = n
	}
	if cfg.MaxConnLifetime != time.Hour {
		l.MaxAge = cfg.MaxConnLifetime
	}
	if cfg.MaxConnIdleTime != 30*time.Minute {
		l.MaxIdle = cfg.MaxConnIdleTime
	}
	l.ConnectTimeout = cfg.ConnConfig.ConnectTimeout
	return l
}
