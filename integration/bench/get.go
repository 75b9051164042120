package main

import (
	"context"
	"fmt"

	"github.com/spillwaydb/spillway/models"
)

// get reads rows by random keys out of a million, each call with a deadline of its own,
// while a writer changes some of them: what it was told is written, readers must see.
func get(ctx context.Context, w *world) (*contest, error) {
	if err := w.fillItems(ctx); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 4)
	if err != nil {
		return nil, err
	}
	p, err := w.pool(ctx, 16)
	if err != nil {
		return nil, err
	}
	n, versions := w.items(), newWatched(w.items())
	c := &contest{}
	for _, size := range []struct {
		goroutines int
		goal       float64
	}{{256, 5}, {1000, 7}} {
		ours := c.crowd(fmt.Sprintf("Get/%d", size.goroutines), size.goroutines, func(ctx context.Context, g *guest) error {
			key := g.key(n)
			version := versions.acked[key].Load()
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			x, err := models.Get[Item](ctx, db, key)
			if err != nil {
				return err
			}
			if x.Version < version {
				return errLost
			}
			return right(key, x.ID, x.Nonce, x.Code)
		}).with(versions.ours(db))
		theirs := c.crowd("pgxpool.QueryRow", size.goroutines, func(ctx context.Context, g *guest) error {
			key := g.key(n)
			version := versions.acked[key].Load()
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			x, err := readItem(ctx, p, itemByKey, key)
			if err != nil {
				return err
			}
			if x.Version < version {
				return errLost
			}
			return right(key, x.ID, x.Nonce, x.Code)
		}).with(versions.theirs(p))
		c.pair(fmt.Sprintf("pg/get-%d", size.goroutines), ours, theirs, size.goal)
	}
	return c, nil
}
