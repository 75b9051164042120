package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// An Event is inserted, one by one.
type Event struct {
	models.Model
	Guest int64
	N     int64
	At    time.Time
	Note  string
}

var _ = models.Register[Event]()

// insert inserts rows, each in its own transaction, and gets their keys back. In the end
// each key that was answered holds the row it was answered for.
func insert(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 16)
	if err != nil {
		return nil, err
	}
	type told struct{ guest, n int64 }
	var mu sync.Mutex
	keys := map[int64]told{}
	book := func(key, guest, n int64) error {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := keys[key]; twice || key == 0 {
			return fmt.Errorf("key %d was answered twice", key)
		}
		keys[key] = told{guest, n}
		return nil
	}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &contest{}
	ours := c.crowd("Create", 256, func(ctx context.Context, g *guest) error {
		g.n++
		x := &Event{Guest: int64(g.id), N: g.n, At: at, Note: "hello"}
		if err := models.Create(ctx, db, x); err != nil {
			return err
		}
		return book(x.ID, x.Guest, x.N)
	})
	var peers []*side
	for i, size := range peerPools {
		p, err := w.pool(ctx, size)
		if err != nil {
			return nil, err
		}
		peers = append(peers, c.crowd(fmt.Sprintf("pgxpool.QueryRow/%d", size), 256, func(ctx context.Context, g *guest) error {
			g.n++
			var key int64
			guest := int64((i+1)*1000 + g.id)
			if err := p.QueryRow(ctx, "INSERT INTO events (guest, n, at, note) VALUES ($1, $2, $3, $4) RETURNING id", guest, g.n, at, "hello").Scan(&key); err != nil {
				return err
			}
			return book(key, guest, g.n)
		}))
	}
	c.after(func(ctx context.Context) error {
		rows, err := w.pgx.Query(ctx, "SELECT id, guest, n FROM events")
		if err != nil {
			return err
		}
		defer rows.Close()
		stored := 0
		for rows.Next() {
			var key int64
			var t told
			if err := rows.Scan(&key, &t.guest, &t.n); err != nil {
				return err
			}
			if keys[key] != t {
				return fmt.Errorf("row %d is not the one that was answered for it", key)
			}
			stored++
		}
		return check(stored, len(keys), rows.Err())
	})
	c.pair("pg/insert-256", ours, peers[0], 2.5, peers[1:]...)
	return c, nil
}
