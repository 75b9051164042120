package spillway

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/sqlview"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/pool"
)

// The plumbing that makes a DB what verbs take, under names that are not exported:
// engine for the blocking verbs of package models, direct for the futures of async.
type (
	engine = models.Engine
	direct = async.Direct
)

// A DB is an open database: a pool of connections and what compiles verbs for it. Make
// one with [Open], keep it for the life of the program, close it at the end. All its
// methods are safe for concurrent use.
type DB struct {
	*engine
	direct
	pool   *pool.Pool
	view   *sqlview.View
	logger *slog.Logger

	migrations fs.FS
	migrate    migrate.Options
	look       look
}

// Open opens the database that cfg names and makes sure that it answers, so that a wrong
// URL, password or path fails here, at once and with its reason, not at the first query.
// ctx bounds only that. Errors never show a password; their kinds are [ErrConfig] before
// anything was tried, else [ErrConnect], [ErrAuth], [ErrNoDatabase], [ErrCorrupt] and the
// like, or a *[migrate.Error].
//
// With Config.Migrations, what is pending is applied first, and after that a look at the
// tables goes on in the background: where they differ from the models, or files are
// pending, a warning is logged.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	connector, pc, err := cfg.connector()
	if err != nil {
		return nil, &configError{err}
	}
	p, err := pool.New(connector, pc)
	if err != nil {
		_ = connector.Close() // nothing was opened
		return nil, &configError{fmt.Errorf("spillway: %w", err)}
	}
	db := &DB{pool: p, view: sqlview.New(p, "database/sql"), logger: pc.WithDefaults().Logger}
	db.migrations, db.migrate = cfg.Migrations, migrate.Options{Table: cfg.MigrationsTable}
	if db.engine, err = models.NewEngine(p, nil); err == nil {
		db.direct = async.NewDirect(db.engine)
		if cfg.Migrations != nil && cfg.Migrate == MigrateAtStart {
			err = db.RunMigrations(ctx)
		}
		if err == nil {
			err = p.Ping(ctx)
		}
	}
	if err != nil {
		_ = db.Close() // the reason is err
		return nil, fmt.Errorf("spillway: open %s: %w", p.Features().Database, reason(err))
	}
	db.checkLimits()
	if cfg.Migrations != nil {
		db.look.start(db.checkSchema)
	}
	return db, nil
}

// Session starts a blocking unit of work; see [models.Session]. It takes no connection
// before its first write. Close it: without a Commit that rolls back.
func (db *DB) Session() *models.Session { return models.NewSession(db.engine, caller()) }

// AsyncSession starts a unit of work whose verbs are futures; many goroutines may use it.
// See [async.Session]. It takes no connection before its first write. Close it: without a
// Commit that rolls back.
func (db *DB) AsyncSession() *async.Session {
	return async.NewSession(db.engine, caller(), db.pool.DrainTimeout())
}

// InTx runs fn in a blocking session of its own whose transaction is open from the start:
// when fn returns nil it is committed, on an error or a panic it is rolled back, and the
// session is closed either way. When the database reports a serialization failure or a
// deadlock, in fn or at the commit, all of it is repeated with a new session after a
// short random pause (at most half a second), o.Attempts times in all, as long as ctx
// lasts; the error of the last attempt is wrapped. So fn must be prepared to run again:
// it should touch nothing but the session and what it makes itself.
//
// Inside of fn use the ctx that it gets: by it a call that needs a second connection
// while all are taken by such transactions is told with [ErrPoolDeadlock], instead of
// waiting for itself. Commit and Rollback of the session are for InTx to do; a part of
// the transaction that may fail is what [models.Session.Nested] is for. With futures
// that is [async.InTx].
func (db *DB) InTx(ctx context.Context, o models.TxOptions, fn func(ctx context.Context, s *models.Session) error) error {
	return models.InTx(ctx, db.engine, caller(), o, fn)
}

// InSnapshot calls fn with n read-only sessions that all see the database as it is at one
// moment, whatever is committed meanwhile: so goroutines can read in parallel what belongs
// together, a report of several queries for example. Each session has a connection of its
// own until fn returns, so n is at most what the pool has; where all of them are held by
// callers that wait like this, the newest fails with [ErrPoolDeadlock]. An attempt to
// write fails with [ErrReadOnly].
//
// On Postgres the sessions share a snapshot of the server (pg_export_snapshot, REPEATABLE
// READ). On SQLite they begin while the writer is held, for as long as that takes. n below
// 1 is an error, and more than 1 for a database that can be opened only once, as in a
// browser.
func (db *DB) InSnapshot(ctx context.Context, n int, fn func(ctx context.Context, sessions []*models.Session) error) error {
	return models.InSnapshot(ctx, db.engine, caller(), n, fn)
}

// CreateTables creates what is missing of the tables and indexes of all registered
// structs, in the order their foreign keys ask for. It changes no table that exists.
func (db *DB) CreateTables(ctx context.Context) error { return models.CreateTables(ctx, db) }

// SQL returns the database as database/sql sees it, for code written for that: sqlc, sqlx,
// goose. It is a view of the same pool, so its work waits in the same queue, counts
// against the same limits and is measured alike; SetMaxOpenConns can only lower what it
// may take. Placeholders are those of the database: $1 on Postgres, ? or ?1 on SQLite;
// sql.Named with :name or @name works on both. Rows stream in bounded memory and keep
// their connection until they are closed; a transaction whose rows are open refuses other
// statements. A UUID is read as text, JSON as bytes, an array of Postgres as its text.
// On SQLite Exec and transactions take the one connection that writes, so inside of a
// transaction use the *sql.Tx, not the *sql.DB, and ask for sql.TxOptions{ReadOnly: true}
// where reading is all.
//
// It is always the same *sql.DB, which lives as long as the DB; closing it closes the
// view only.
func (db *DB) SQL() *sql.DB { return db.view.DB() }

// caller names the line that called the caller: "checkout.go:88".
func caller() string {
	_, file, line, ok := runtime.Caller(2)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}

// checkLimits warns of a pool that the server will not let grow to its limit.
func (db *DB) checkLimits() {
	s := db.pool.Stats()
	if s.ServerMax > 0 && s.Limit() > s.ServerMax {
		db.logger.Warn("the pool may open more connections than the server accepts: lower Size and Overflow, or raise max_connections",
			"pool", s.Name, "size", s.Size, "overflow", s.Overflow, "server_accepts", s.ServerMax)
	}
}

// Health makes sure that the database answers, within PingTimeout once a connection is
// free. It is what a health check of a service asks.
func (db *DB) Health(ctx context.Context) error { return db.pool.Ping(ctx) }

// Stats returns a snapshot of the pool; package metrics shows it to Prometheus.
func (db *DB) Stats() pool.Stats { return db.pool.Stats() }

// Resize changes Size and Overflow while the pool works, with the meaning they have in
// [Config].
func (db *DB) Resize(size, overflow int) error { return db.pool.Resize(size, overflow) }

// Close closes the database: new work is refused with [ErrClosed], queued work may
// finish within Config.DrainTimeout, then everything is closed. Use [DB.Shutdown] to
// wait longer. Closing again does nothing.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), db.pool.DrainTimeout())
	defer cancel()
	return db.Shutdown(ctx)
}

// Shutdown is Close that waits for queued work, and for sessions to give their
// connections back, until ctx ends. The error tells what was left unfinished.
func (db *DB) Shutdown(ctx context.Context) error {
	db.look.stop()
	defer db.view.Close()
	defer context.AfterFunc(ctx, db.view.Interrupt)() // rows that somebody forgot must not hold it up
	if err := db.pool.Close(ctx); err != nil {
		return fmt.Errorf("spillway: %w", err)
	}
	return nil
}
