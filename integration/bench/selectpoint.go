package main

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// selectPoint finds rows by an indexed column that is no key.
func selectPoint(ctx context.Context, w *world) (*contest, error) {
	if err := w.fillItems(ctx); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 4) // fewer connections, more callers in each flight
	if err != nil {
		return nil, err
	}
	p, err := w.pool(ctx, 16)
	if err != nil {
		return nil, err
	}
	c := &contest{}
	ours := c.crowd("All", 256, selectOurs(db, w.items()))
	theirs := c.crowd("pgxpool.QueryRow", 256, selectTheirs(p, w.items()))
	c.pair("pg/select-256", ours, theirs, 2.5)
	return c, nil
}

// selectOurs finds a random row among n.
func selectOurs(db *spillway.DB, n int64) func(context.Context, *guest) error {
	return func(ctx context.Context, g *guest) error {
		key := g.key(n)
		xs, err := models.All(ctx, db, models.From(itemT).Where(models.Eq(&itemT.Code, codeOf(key))))
		if err := check(len(xs), 1, err); err != nil {
			return err
		}
		return right(key, xs[0].ID, xs[0].Nonce, xs[0].Code)
	}
}

func selectTheirs(p *pgxpool.Pool, n int64) func(context.Context, *guest) error {
	return func(ctx context.Context, g *guest) error {
		key := g.key(n)
		x, err := readItem(ctx, p, itemByCode, codeOf(key))
		if err != nil {
			return err
		}
		return right(key, x.ID, x.Nonce, x.Code)
	}
}
