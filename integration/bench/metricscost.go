package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/metrics"
	"github.com/spillwaydb/spillway/models"
)

// metricsCost reads rows from a pool that Prometheus looks at, five times a second, and
// from one it does not.
func metricsCost(ctx context.Context, w *world) (*contest, error) {
	if err := w.fillItems(ctx); err != nil {
		return nil, err
	}
	read := func(db *spillway.DB) func(context.Context, *guest) error {
		return func(ctx context.Context, g *guest) error {
			key := g.key(w.items())
			x, err := models.Get[Item](ctx, db, key)
			if err != nil {
				return err
			}
			return right(key, x.ID, x.Nonce, x.Code)
		}
	}
	var dbs [2]*spillway.DB
	for i := range dbs {
		db, err := newDB(ctx, w.url, 16)
		if err != nil {
			return nil, err
		}
		w.onClose(func() { _ = db.Close() }) // the database goes away with it
		dbs[i] = db
	}
	reg := prometheus.NewRegistry()
	if err := metrics.Register(reg, dbs[0]); err != nil {
		return nil, err
	}
	c := &contest{}
	watched := c.crowd("Get", 64, read(dbs[0])).with(func(ctx context.Context) error {
		families, err := reg.Gather()
		if err == nil && len(families) == 0 {
			err = errors.New("there are no metrics")
		}
		pause(ctx, 200*time.Millisecond)
		return err
	})
	alone := c.crowd("no-collector", 64, read(dbs[1]))
	c.pair("cost/metrics", watched, alone, 0.98)
	return c, nil
}
