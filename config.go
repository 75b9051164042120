package spillway

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// Named settings; see package pool. The zero value of a field is its default, so what
// would be written as zero or -1 elsewhere has a name here.
const (
	// NoOverflow as Overflow: never more than Size connections.
	NoOverflow = pool.NoOverflow
	// Unlimited as Size, Overflow or QueueLimit: no bound.
	Unlimited = pool.Unlimited
	// NoWait as Timeout: an operation that can not start at once fails.
	NoWait = pool.NoWait
	// Never as Timeout, Recycle, IdleTimeout, ConnectTimeout or LeakAfter: no limit.
	Never = pool.Never

	// LaneOn and LaneOff as Flights and ByKey.
	LaneOn  = pool.LaneOn
	LaneOff = pool.LaneOff
	// GroupAuto, GroupAlways and GroupOff as GroupWrites.
	GroupAuto   = pool.GroupAuto
	GroupAlways = pool.GroupAlways
	GroupOff    = pool.GroupOff
)

// A MigrateMode says what [Open] does with Config.Migrations.
type MigrateMode uint8

const (
	// MigrateAtStart applies what is pending before the database is used, under a lock, so
	// any number of processes may start at once.
	MigrateAtStart MigrateMode = iota
	// NoMigrations applies nothing by itself; what is pending is only told in the log.
	NoMigrations
)

// URLVariable is the environment variable that names the database when Config.URL is
// empty.
const URLVariable = "SPILLWAY_URL"

// Config says which database to open and how. The zero value of each field is its
// default, so Config{} alone opens the built-in SQLite database. The fields of the pool
// mean what they mean in [pool.Config], where each is explained.
type Config struct {
	// URL names the database: postgres://user:password@host/database, sqlite:app.db,
	// sqlite::memory:, in a browser opfs:name; package documentation lists all forms.
	// Defaults to the environment variable SPILLWAY_URL, else to sqlite:app.db in the
	// working directory (in a browser opfs:app); the log says which.
	URL string
	// Postgres is a ready configuration of pgxpool to use in place of URL, for what a URL
	// can not say: TLS certificates, credentials that rotate, tracers. Its own limits
	// (MaxConns, MaxConnLifetime, MaxConnIdleTime) become those of the pool where Size,
	// Recycle and IdleTimeout are not set; both set to different values is an error.
	// Defaults to nil.
	Postgres *PostgresConfig
	// Pooler says what stands between this program and a Postgres server. With
	// [TransactionPooler] no statement is prepared under a name, and the first connection
	// tests whether the pooler takes several statements at once; if not, that is logged
	// and each waits for the one before. pooler=transaction in the URL does the same.
	// Defaults to [NoPooler], which is also right for a pooler in session mode.
	Pooler Pooler

	// Migrations are the migrations of the program, usually a folder embedded into it (the
	// one that spillway init makes is a package for that: migrations.Files); see package
	// migrate. Defaults to none.
	Migrations fs.FS
	// Migrate says what [Open] does with them. Defaults to [MigrateAtStart].
	Migrate MigrateMode
	// MigrationsTable is where the database remembers what was applied;
	// "goose_db_version" goes on where goose has left off. Defaults to
	// [migrate.DefaultTable].
	MigrationsTable string

	// Name labels the pool in metrics, errors and log lines. Defaults to "main".
	Name string
	// Size is the number of connections kept. Defaults to 10.
	Size int
	// Overflow is the number of connections above Size under load. Defaults to 20.
	Overflow int
	// Timeout bounds the wait for a connection. Defaults to 30 s.
	Timeout time.Duration
	// Recycle is the age at which a connection is replaced. Defaults to 1 h.
	Recycle time.Duration
	// RecycleJitter is the share of Recycle taken off at random; negative for none.
	// Defaults to 0.1.
	RecycleJitter float64
	// QueueLimit is the number of operations that may wait. Defaults to
	// 10 × (Size + Overflow), at least 1024.
	QueueLimit int
	// ConnectTimeout bounds one attempt to connect. Defaults to 10 s.
	ConnectTimeout time.Duration
	// PrePing says when a connection is checked before use. Defaults to
	// [pool.PingIfIdle].
	PrePing pool.PingPolicy
	// PingTimeout bounds the check. Defaults to 1 s.
	PingTimeout time.Duration
	// IdleTimeout closes connections without work. Defaults to [Never].
	IdleTimeout time.Duration
	// OverflowLinger is how long a connection above Size waits for work. Defaults to 0.
	OverflowLinger time.Duration
	// ResetOnReturn says what is done to a connection that its owner returns. Defaults to
	// [pool.ResetRollback].
	ResetOnReturn pool.ResetPolicy
	// ResetTimeout bounds it. Defaults to 1 s.
	ResetTimeout time.Duration
	// LeakAfter reports owners that keep a connection longer. Defaults to [Never].
	LeakAfter time.Duration
	// RepeatAfter reports a session that sends the same query this often, as a loop does
	// that asks for each row by itself (N+1 queries). Defaults to 20; [Unlimited] reports
	// nothing.
	RepeatAfter int
	// DrainTimeout bounds closing a connection, and how long [DB.Close] waits for work
	// to finish. Defaults to 1 s.
	DrainTimeout time.Duration
	// Flights lets reads of different callers share round trips on Postgres, and snapshots
	// on SQLite; see package pool. Defaults to [LaneOn].
	Flights pool.LanePolicy
	// ByKey lets lookups by key of different callers become one statement on Postgres.
	// Defaults to [LaneOn].
	ByKey pool.LanePolicy
	// GroupWrites lets small writes of different callers share a commit. Defaults to
	// [GroupAuto]: where nobody can tell.
	GroupWrites pool.GroupPolicy
	// Echo logs every statement without its arguments. Defaults to false.
	Echo bool
	// EchoPool logs every event of the pool. Defaults to false.
	EchoPool bool
	// Logger takes all log lines. Defaults to slog.Default().
	Logger *slog.Logger
}

// connector makes the driver and the pool's settings from c.
func (c Config) connector() (driver.Connector, pool.Config, error) {
	logger := c.Logger
	if logger == nil {
		logger = slog.Default()
	}
	pc := c.pool()
	var k driver.Connector
	var limits backend.Limits
	var err error
	switch {
	case c.Postgres != nil && c.URL != "":
		return nil, pc, errors.New("spillway: Config has both URL and Postgres; set one")
	case c.Postgres != nil:
		k, limits, err = openPostgres(c.Postgres)
	default:
		raw := c.URL
		if raw == "" {
			var from string
			if raw = os.Getenv(URLVariable); raw != "" {
				from = "the environment variable " + URLVariable
			} else {
				raw, from = backend.DefaultURL, "the default"
			}
			logger.Info("spillway: Config.URL is empty", "using", redactURL(raw), "from", from)
		}
		k, limits, err = backend.Open(raw)
	}
	if err == nil {
		if err = c.Pooler.tell(k); err == nil {
			err = adopt(&pc, limits)
		}
		if err != nil {
			_ = k.Close() // nothing was opened
		}
	}
	if err != nil {
		return nil, pc, fmt.Errorf("spillway: %w", err)
	}
	return k, pc, nil
}

// pool returns the part of c that is the pool's.
func (c Config) pool() pool.Config {
	return pool.Config{
		Name: c.Name, Size: c.Size, Overflow: c.Overflow, Timeout: c.Timeout,
		Recycle: c.Recycle, RecycleJitter: c.RecycleJitter, QueueLimit: c.QueueLimit,
		ConnectTimeout: c.ConnectTimeout, PrePing: c.PrePing, PingTimeout: c.PingTimeout,
		IdleTimeout: c.IdleTimeout, OverflowLinger: c.OverflowLinger,
		ResetOnReturn: c.ResetOnReturn, ResetTimeout: c.ResetTimeout,
		LeakAfter: c.LeakAfter, RepeatAfter: c.RepeatAfter, DrainTimeout: c.DrainTimeout,
		Flights: c.Flights, ByKey: c.ByKey, GroupWrites: c.GroupWrites,
		Echo: c.Echo, EchoPool: c.EchoPool, Logger: c.Logger,
	}
}

// adopt takes over limits that came with the URL or the driver's configuration. One that
// contradicts a field of Config is an error, since either could be meant.
func adopt(pc *pool.Config, l backend.Limits) error {
	if n := l.MaxConnections; n > 0 {
		if pc.Size == 0 && pc.Overflow == 0 {
			pc.Size, pc.Overflow = n, pool.NoOverflow
		} else if full := pc.WithDefaults(); full.Size+full.Overflow != n {
			return fmt.Errorf("the driver's configuration allows %d connections, Size and Overflow together %d: set one of them", n, full.Size+full.Overflow)
		}
	}
	for _, d := range []struct {
		own    *time.Duration
		driver time.Duration
		name   string
	}{
		{&pc.Recycle, l.MaxAge, "Recycle"},
		{&pc.IdleTimeout, l.MaxIdle, "IdleTimeout"},
		{&pc.ConnectTimeout, l.ConnectTimeout, "ConnectTimeout"},
	} {
		switch {
		case d.driver == 0:
		case *d.own == 0:
			*d.own = d.driver
		case *d.own != d.driver:
			return fmt.Errorf("%s is %v, the driver's configuration says %v: set one of them", d.name, *d.own, d.driver)
		}
	}
	return nil
}

// redactURL shows where a URL leads without its password. Of what does not read as a URL,
// or has an @ where none belongs, it shows the scheme at most: the password may be
// anywhere in it.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || strings.Contains(u.Opaque+u.Host+u.Path, "@") || strings.Contains(u.Opaque, "=") {
		scheme, _, ok := strings.Cut(raw, ":")
		if notScheme := func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '+'
		}; !ok || strings.ContainsFunc(scheme, notScheme) {
			return "…"
		}
		return scheme + ":…"
	}
	q := u.Query()
	hidden := false
	for name := range q {
		if strings.Contains(strings.ToLower(name), "pass") {
			q.Set(name, "xxxxx")
			hidden = true
		}
	}
	if hidden {
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// redacted is Config without its methods and secrets.
type redacted Config

func (c Config) redact() redacted {
	if c.URL != "" {
		c.URL = redactURL(c.URL)
	}
	c.Postgres = nil
	c.Migrations = nil
	c.Logger = nil
	return redacted(c)
}

// String shows the configuration without passwords.
func (c Config) String() string { return fmt.Sprintf("%+v", c.redact()) }

// GoString shows the configuration without passwords.
func (c Config) GoString() string { return fmt.Sprintf("spillway.Config%+v", c.redact()) }

// LogValue shows the configuration without passwords in a log.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
