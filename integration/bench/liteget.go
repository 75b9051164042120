package main

import (
	"context"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// liteConnections is how many connections a peer reads with: more of them than cores only
// wait for each other, and four were the best on two cores.
const liteConnections = 4

// liteGet reads single rows by their key from 64 goroutines.
func liteGet(ctx context.Context, w *world) (*contest, error) {
	n, err := w.liteRows(ctx)
	if err != nil {
		return nil, err
	}
	c := &contest{}
	ours := c.crowd("Get", liteGuests, func(ctx context.Context, g *guest) error {
		key := 1 + g.rnd.Int64N(int64(n))
		a, err := models.Get[Account](ctx, w.sqlite, key)
		if err == nil && a.ID != key {
			err = errWrong
		}
		return err
	})
	var peers []*side
	for _, p := range litePeers {
		db, err := p.open(w, w.file, liteConnections)
		if err != nil {
			return nil, err
		}
		st, err := db.PrepareContext(ctx, oneAccount+"?")
		if err != nil {
			return nil, err
		}
		w.onClose(func() { _ = st.Close() })
		peers = append(peers, c.crowd(p.name, liteGuests, func(ctx context.Context, g *guest) error {
			key := 1 + g.rnd.Int64N(int64(n))
			r := &row{}
			var at liteTime
			err := st.QueryRowContext(ctx, key).Scan(&r.ID, &r.Username, &r.Email, &at)
			if r.CreatedAt = time.Time(at); err == nil && r.ID != key {
				err = errWrong
			}
			return err
		}))
	}
	c.pair("sqlite/get-64", ours, peers[0], 1.3, peers[1:]...)
	return c, nil
}

// A liteTime reads a time as whichever type a driver gives it.
type liteTime time.Time

// Scan implements sql.Scanner.
func (t *liteTime) Scan(v any) error {
	switch v := v.(type) {
	case time.Time:
		*t = liteTime(v)
		return nil
	case string:
		at, err := time.Parse("2006-01-02 15:04:05.999999999Z07:00", v)
		*t = liteTime(at)
		return err
	}
	return errWrong
}
