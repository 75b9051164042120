package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// A world holds what measures share: databases, made when the first one asks.
type world struct {
	small bool

	url    string // of the Postgres database
	pg     *spillway.DB
	pgx    *pgxpool.Pool
	sqlite *spillway.DB
	file   string // of the SQLite database

	accounts map[*spillway.DB]bool // those that have the rows
	blogged  bool
	filled   map[string]bool // what else is in the Postgres database
	pools    map[int]*pgxpool.Pool
	sized    map[int]*spillway.DB
	closers  []func()
}

func newWorld(small bool) *world {
	return &world{
		small: small, accounts: map[*spillway.DB]bool{}, filled: map[string]bool{},
		pools: map[int]*pgxpool.Pool{}, sized: map[int]*spillway.DB{},
	}
}

// size is how much of n is made.
func (w *world) size(n int) int {
	if w.small {
		return max(1, n/100)
	}
	return n
}

// close lets go of everything, the last first.
func (w *world) close() {
	for len(w.closers) > 0 {
		n := len(w.closers) - 1
		w.closers[n]()
		w.closers = w.closers[:n]
	}
}

// onClose has f called by close.
func (w *world) onClose(f func()) { w.closers = append(w.closers, f) }

// postgres starts the server and opens it with Spillway and with pgxpool.
func (w *world) postgres(ctx context.Context) error {
	if w.pg != nil {
		return nil
	}
	cluster, stop, err := testdb.Start(
		"shared_buffers = 256MB", "max_wal_size = 1GB", "max_connections = 400", "deadlock_timeout = 1s")
	if err != nil {
		return err
	}
	w.onClose(stop)
	w.url = cluster.URL()
	if w.pgx, err = pgxpool.New(ctx, w.url); err != nil {
		return err
	}
	w.onClose(w.pgx.Close)
	if err := w.durable(ctx); err != nil {
		return err
	}
	if w.pg, err = w.open(ctx, w.url); err != nil {
		return err
	}
	return w.pg.CreateTables(ctx)
}

// durable makes sure that the server does what an acknowledgement promises.
func (w *world) durable(ctx context.Context) error {
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var v string
		if err := w.pgx.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&v); err != nil {
			return err
		}
		if v != "on" {
			return fmt.Errorf("the server's %s is %s, want on", name, v)
		}
	}
	return nil
}

// pool returns a pgxpool of so many connections.
func (w *world) pool(ctx context.Context, connections int) (*pgxpool.Pool, error) {
	if p := w.pools[connections]; p != nil {
		return p, nil
	}
	p, err := newPool(ctx, w.url, connections)
	if err == nil {
		w.onClose(p.Close)
		w.pools[connections] = p
	}
	return p, err
}

func newPool(ctx context.Context, url string, connections int) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(connections)
	return pgxpool.NewWithConfig(ctx, cfg)
}

// db returns a database of so many connections.
func (w *world) db(ctx context.Context, connections int) (*spillway.DB, error) {
	if db := w.sized[connections]; db != nil {
		return db, nil
	}
	db, err := newDB(ctx, w.url, connections)
	if err == nil {
		w.onClose(func() { _ = db.Close() }) // the database goes away with it
		w.sized[connections] = db
	}
	return db, err
}

func newDB(ctx context.Context, url string, connections int) (*spillway.DB, error) {
	return spillway.Open(ctx, spillway.Config{
		URL: url, Size: connections, Overflow: spillway.NoOverflow, Logger: slog.New(slog.DiscardHandler),
	})
}

// lite opens a SQLite file.
func (w *world) lite(ctx context.Context) error {
	if w.sqlite != nil {
		return nil
	}
	dir, err := os.MkdirTemp("", "spillway-bench-")
	if err != nil {
		return err
	}
	w.onClose(func() { _ = os.RemoveAll(dir) }) // a directory left in TMPDIR harms nobody
	w.file = filepath.Join(dir, "bench.db")
	if w.sqlite, err = w.open(ctx, "sqlite:"+filepath.ToSlash(w.file)); err != nil {
		return err
	}
	return w.sqlite.CreateTables(ctx)
}

func (w *world) open(ctx context.Context, url string) (*spillway.DB, error) {
	db, err := spillway.Open(ctx, spillway.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = db.Close() }) // the database goes away with it
	return db, nil
}

var errWrong = errors.New("the work was not done: wrong number of rows")

var errLost = errors.New("a row was read that is older than what was acknowledged before")
