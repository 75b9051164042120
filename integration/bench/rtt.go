package main

import (
	"context"
	"time"
)

// roundTrip is selectPoint over a network whose round trip takes a millisecond.
func roundTrip(ctx context.Context, w *world) (*contest, error) {
	if err := w.fillItems(ctx); err != nil {
		return nil, err
	}
	url, err := w.delayed(w.url, time.Millisecond)
	if err != nil {
		return nil, err
	}
	const connections = 8
	db, err := newDB(ctx, url, connections)
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = db.Close() }) // the database goes away with it
	p, err := newPool(ctx, url, connections)
	if err != nil {
		return nil, err
	}
	w.onClose(p.Close)
	c := &contest{}
	ours := c.crowd("All", 256, selectOurs(db, w.items()))
	theirs := c.crowd("pgxpool.QueryRow", 256, selectTheirs(p, w.items()))
	c.pair("pg/rtt1ms", ours, theirs, 8)
	return c, nil
}
