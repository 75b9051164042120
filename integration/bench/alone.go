package main

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

const oneAccount = "SELECT id, username, email, created_at FROM accounts WHERE id = "

// next returns keys in an order that is the same for every side.
func next(n int) func() int64 {
	i := 0
	return func() int64 {
		i = (i + 7919) % n // a prime, so that all have their turn
		return int64(i + 1)
	}
}

// alone reads one row by its key, in one goroutine, on one processor.
func alone(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	if err := w.fillAccounts(ctx, w.pg); err != nil {
		return nil, err
	}
	g, err := w.gorm()
	if err != nil {
		return nil, err
	}
	b, err := w.bun()
	if err != nil {
		return nil, err
	}
	n := w.size(accountRows)
	c := &contest{during: w.held}
	key := next(n)
	get := c.add("Get", func(ctx context.Context) error {
		_, err := models.Get[Account](ctx, w.pg, key())
		return err
	})
	key2 := next(n)
	first := c.add("First", func(ctx context.Context) error {
		_, err := models.First(ctx, w.pg, models.From(accountT).Where(models.Eq(&accountT.ID, key2())))
		return err
	})
	key3 := next(n)
	theirs := c.add("pgxpool.QueryRow", func(ctx context.Context) error {
		r := &row{}
		return w.pgx.QueryRow(ctx, oneAccount+"$1", key3()).Scan(&r.ID, &r.Username, &r.Email, &r.CreatedAt)
	})
	db := w.sql()
	key4 := next(n)
	plain := c.add("database/sql", func(ctx context.Context) error {
		r := &row{}
		return db.QueryRowContext(ctx, oneAccount+"$1", key4()).Scan(&r.ID, &r.Username, &r.Email, &r.CreatedAt)
	})
	key5 := next(n)
	gorms := c.add("gorm", func(ctx context.Context) error {
		r := &row{}
		return g.WithContext(ctx).Take(r, key5()).Error
	})
	key6 := next(n)
	buns := c.add("bun", func(ctx context.Context) error {
		r := &row{ID: key6()}
		return b.NewSelect().Model(r).WherePK().Scan(ctx)
	})
	c.pair("pg/alone", get, theirs, 0.95)
	c.pair("pg/alone", get, plain, 1)
	c.pair("pg/alone", get, gorms, 1)
	c.pair("pg/alone", get, buns, 1)
	c.pair("pg/alone/query", first, theirs, 0.95)
	return c, nil
}

// sqliteAlone is alone on SQLite: futures against blocking calls, and those against the
// bare driver.
func sqliteAlone(ctx context.Context, w *world) (*contest, error) {
	if err := w.lite(ctx); err != nil {
		return nil, err
	}
	if err := w.fillAccounts(ctx, w.sqlite); err != nil {
		return nil, err
	}
	conn, err := sqlite3.Open(w.file)
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = conn.Close() })
	stmt, _, err := conn.Prepare(oneAccount + "?1")
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = stmt.Close() })

	n := w.size(accountRows)
	c := &contest{}
	key := next(n)
	future := c.add("Get+Await", func(ctx context.Context) error {
		_, err := async.Get[Account](ctx, w.sqlite, key()).Await(ctx)
		return err
	})
	key2 := next(n)
	get := c.add("Get", func(ctx context.Context) error {
		_, err := models.Get[Account](ctx, w.sqlite, key2())
		return err
	})
	key3 := next(n)
	bare := c.add("go-sqlite3", func(context.Context) error {
		_, err := stepAccount(stmt, key3())
		return err
	})
	c.pair("sqlite/alone/await", future, get, 0.9)
	c.pair("sqlite/alone", get, bare, 0.7)
	return c, nil
}

// stepAccount is what one writes by hand.
func stepAccount(stmt *sqlite3.Stmt, key int64) (*row, error) {
	if err := stmt.BindInt64(1, key); err != nil {
		return nil, err
	}
	if !stmt.Step() {
		return nil, errWrong
	}
	r := &row{
		ID: stmt.ColumnInt64(0), Username: stmt.ColumnText(1), Email: stmt.ColumnText(2),
		CreatedAt: stmt.ColumnTime(3, sqlite3.TimeFormat4),
	}
	return r, stmt.Reset()
}
