package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/internal/driver"
)

// never is how long pgxpool waits for what package pool does instead. It must not
// overflow when added to now.
const never = 100 * 365 * 24 * time.Hour

// A Connector opens connections to one Postgres database.
type Connector struct {
	dialer   *pgxpool.Pool
	database string
	// maxConnections is what the server grants ordinary users; 0 until a connection has
	// asked.
	maxConnections atomic.Int64
	asked          atomic.Bool
	// sharing is how statements share a transaction; nil until a connection has asked, and
	// where they must not.
	sharing      atomic.Pointer[openings]
	descriptions descriptions
	names        atomic.Int64 // of prepared statements, unique behind a pooler too
	beforeClose  func(*pgx.Conn)
	drainTimeout atomic.Int64 // 0: DrainTimeout
	pooler       pooler
}

var _ driver.Drainer = (*Connector)(nil)

// SetDrainTimeout implements driver.Drainer.
func (c *Connector) SetDrainTimeout(d time.Duration) { c.drainTimeout.Store(int64(d)) }

func (c *Connector) drain() time.Duration {
	if d := c.drainTimeout.Load(); d > 0 {
		return time.Duration(d)
	}
	return DrainTimeout
}

var _ driver.Connector = (*Connector)(nil)

// Open makes a connector for a URL or a keyword/value string as pgx reads it
// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING). It does
// not connect.
func Open(url string) (*Connector, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, parseError(err)
	}
	return New(config)
}

// New makes a connector for a configuration, which must come from pgxpool.ParseConfig.
// It is copied. Its settings for size, age, idleness and pings are not used: package
// pool has its own.
func New(config *pgxpool.Config) (*Connector, error) {
	c := &Connector{beforeClose: config.BeforeClose}
	config = config.Copy()
	cc := config.ConnConfig
	c.database = fmt.Sprintf("%s/%s", net.JoinHostPort(cc.Host, fmt.Sprint(cc.Port)), cc.Database)
	if cc.RuntimeParams == nil {
		cc.RuntimeParams = map[string]string{}
	}
	for name, value := range map[string]string{
		"application_name": "spillway",
		"client_encoding":  "UTF8",
		"datestyle":        "ISO", // the style that texts of times are read in
	} {
		if !hasParam(cc.RuntimeParams, name) {
			cc.RuntimeParams[name] = value
		}
	}
	config.MaxConns = math.MaxInt32
	config.MinConns, config.MinIdleConns = 0, 0
	config.MaxConnLifetime, config.MaxConnLifetimeJitter = never, 0
	config.MaxConnIdleTime, config.HealthCheckPeriod = never, never
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	attempted(config)
	dialer, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, &driver.Error{Kind: driver.ErrConnect, Message: c.database + ": " + err.Error(), Err: err}
	}
	c.dialer = dialer
	return c, nil
}

// hasParam looks for a run-time parameter; their names do not depend on case.
func hasParam(params map[string]string, name string) bool {
	for p := range params {
		if strings.EqualFold(p, name) {
			return true
		}
	}
	return false
}

// parseError says what is wrong with a URL without showing any of it: pgx's text is
// "cannot parse `the URL, masked`: what is wrong (why, with parts of the URL)".
func parseError(err error) error {
	e := &driver.Error{
		Kind:    driver.ErrConnect,
		Message: "the database URL can not be read",
		Hint:    "it looks like postgres://user:password@host:port/database?sslmode=verify-full",
	}
	text := err.Error()
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		reason := text[i+3:]
		if j := strings.IndexAny(reason, "(\"'`:@"); j >= 0 {
			reason = reason[:j]
		}
		e.Message += ": " + strings.TrimSpace(reason)
	}
	return e
}

// Features says what Postgres can do.
func (c *Connector) Features() driver.Features {
	return driver.Features{
		Name:      "postgres",
		Database:  c.database,
		RoundTrip: true,
		Copy:      true,
		Sharing:   c.shares(),
		ReadOnly: &driver.Bracket{
			Begin: driver.Statement{SQL: "BEGIN READ ONLY", Class: driver.Begin},
			End:   driver.Statement{SQL: "COMMIT", Class: driver.Commit},
		},
		MaxConnections: func() int { return int(c.maxConnections.Load()) },
	}
}

// Connect opens a connection. Postgres has one kind, so role does not matter.
func (c *Connector) Connect(ctx context.Context, role driver.Role) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, connectError(ctx, c.database, err)
	}
	a := &attempt{ctx: ctx}
	pc, err := c.dialer.Acquire(context.WithValue(context.WithoutCancel(ctx), attemptKey{}, a))
	late := a.end()
	if err != nil {
		return nil, connectError(ctx, c.database, err)
	}
	conn := newConn(c, pc)
	if late {
		_ = conn.Close(ctx)
		return nil, connectError(ctx, c.database, errors.New("the connection came too late"))
	}
	if err := c.ask(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return nil, connectError(ctx, c.database, err)
	}
	usable, err := c.probe(ctx, conn)
	if usable {
		return conn, nil
	}
	_ = conn.Close(ctx)
	if err != nil {
		return nil, connectError(ctx, c.database, err)
	}
	return c.Connect(ctx, role) // the probe broke it, and is over
}

// ask reads the server's limit of connections, once. A server or pooler that does not
// know the settings has no known limit. An error means that the connection is lost.
func (c *Connector) ask(ctx context.Context, conn *Conn) error {
	if c.asked.Swap(true) {
		return nil
	}
	var n, wait int64
	f := driver.Flight{Statements: []driver.Statement{{
		SQL: "SELECT current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8 - coalesce(current_setting('reserved_connections', true), '0')::int8, " + sharingSQL,
		Sink: rowFunc(func(r driver.Row) (err error) {
			if n, err = r.Int64(0); err == nil {
				wait, err = r.Int64(1)
			}
			return err
		}),
	}}}
	err := conn.Fly(ctx, &f)
	switch {
	case err != nil || errors.Is(f.Err(), driver.ErrCanceled):
		c.asked.Store(false) // the next connection asks
	case f.Err() == nil:
		c.maxConnections.Store(n)
		if wait > 0 {
			c.sharing.Store(opening(wait))
		}
	}
	return err
}

// rowFunc is a sink for rows alone.
type rowFunc func(driver.Row) error

func (rowFunc) Begin([]driver.Column) error { return nil }
func (f rowFunc) Row(r driver.Row) error    { return f(r) }

// Close frees what the connections shared.
func (c *Connector) Close() error {
	c.dialer.Close()
	return nil
}
