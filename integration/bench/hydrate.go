package main

import (
	"context"
	"database/sql"

	"github.com/spillwaydb/spillway/models"
)

const allAccounts = "SELECT id, username, email, created_at FROM accounts"

// hydrate reads 10 000 rows of 4 columns into structs.
func hydrate(ctx context.Context, w *world) (*contest, error) {
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
	want := w.size(accountRows)
	c := &contest{}
	q := models.From(accountT)
	ours := c.add("All", func(ctx context.Context) error {
		got, err := models.All(ctx, w.pg, q)
		return check(len(got), want, err)
	})
	session := c.add("Session.All", func(ctx context.Context) error {
		s := w.pg.Session()
		defer s.Close()
		got, err := models.All(ctx, s, q)
		return check(len(got), want, err)
	})
	scan := c.add("rows.Scan", func(ctx context.Context) error {
		got, err := scanAccounts(ctx, w)
		return check(len(got), want, err)
	})
	db := w.sql()
	plain := c.add("database/sql", func(ctx context.Context) error {
		got, err := scanPlain(ctx, db)
		return check(len(got), want, err)
	})
	gorm := c.add("gorm", func(ctx context.Context) error {
		var got []*row
		err := g.WithContext(ctx).Find(&got).Error
		return check(len(got), want, err)
	})
	bun := c.add("bun", func(ctx context.Context) error {
		var got []*row
		err := b.NewSelect().Model(&got).Scan(ctx)
		return check(len(got), want, err)
	})
	c.pair("pg/hydrate", ours, scan, 1.1)
	c.pair("pg/hydrate", ours, plain, 1.1)
	c.pair("pg/hydrate", ours, gorm, 2.2)
	c.pair("pg/hydrate", ours, bun, 1.5)
	c.pair("pg/hydrate/session", session, scan, 0.8)
	return c, nil
}

// scanAccounts is what one writes by hand.
func scanAccounts(ctx context.Context, w *world) ([]*row, error) {
	rows, err := w.pgx.Query(ctx, allAccounts)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*row
	for rows.Next() {
		r := &row{}
		if err := rows.Scan(&r.ID, &r.Username, &r.Email, &r.CreatedAt); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// scanPlain is the same over database/sql.
func scanPlain(ctx context.Context, db *sql.DB) ([]*row, error) {
	rows, err := db.QueryContext(ctx, allAccounts)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*row
	for rows.Next() {
		r := &row{}
		if err := rows.Scan(&r.ID, &r.Username, &r.Email, &r.CreatedAt); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// check keeps a side from being fast by doing nothing.
func check(got, want int, err error) error {
	if err == nil && got != want {
		return errWrong
	}
	return err
}
