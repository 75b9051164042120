package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// liteHydrate reads 10 000 rows of 4 columns into structs.
func liteHydrate(ctx context.Context, w *world) (*contest, error) {
	want, err := w.liteRows(ctx)
	if err != nil {
		return nil, err
	}
	g, err := w.liteGorm(w.file)
	if err != nil {
		return nil, err
	}
	b, err := w.liteBun(w.file)
	if err != nil {
		return nil, err
	}
	c := &contest{}
	q := models.From(accountT)
	ours := c.add("All", func(ctx context.Context) error {
		got, err := models.All(ctx, w.sqlite, q)
		return check(len(got), want, err)
	})
	gorms := c.add("gorm", func(ctx context.Context) error {
		var got []*row
		err := g.WithContext(ctx).Find(&got).Error
		return check(len(got), want, err)
	})
	buns := c.add("bun", func(ctx context.Context) error {
		var got []*row
		err := b.NewSelect().Model(&got).Scan(ctx)
		return check(len(got), want, err)
	})
	var scans []*side
	for _, p := range litePeers {
		db, err := p.open(w, w.file, liteConnections)
		if err != nil {
			return nil, err
		}
		scans = append(scans, c.add(p.name, func(ctx context.Context) error {
			got, err := scanLite(ctx, db)
			return check(len(got), want, err)
		}))
	}
	c.pair("sqlite/hydrate", ours, scans[0], 1, scans[1:]...)
	c.pair("sqlite/hydrate", ours, gorms, 2)
	c.pair("sqlite/hydrate", ours, buns, 2)
	return c, nil
}

// scanLite is what one writes by hand.
func scanLite(ctx context.Context, db *sql.DB) ([]*row, error) {
	rows, err := db.QueryContext(ctx, allAccounts)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*row
	for rows.Next() {
		r := &row{}
		var at liteTime
		if err := rows.Scan(&r.ID, &r.Username, &r.Email, &at); err != nil {
			return nil, err
		}
		r.CreatedAt = time.Time(at)
		out = append(out, r)
	}
	return out, rows.Err()
}
