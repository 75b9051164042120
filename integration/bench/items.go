package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// An Item is one of many rows that are asked for by key. It carries what tells it from
// its neighbors.
type Item struct {
	models.Model
	Code    string `db:",index"`
	Nonce   int64  // nonceOf the key
	Version int64  // of the last write of watched
	Hits    int64  // how often it was counted up
}

var itemT = models.Register[Item]()

// An item is an Item without Spillway, for the peers.
type item struct {
	ID            int64
	Code          string
	Nonce         int64
	Version, Hits int64
}

const (
	itemRows   = 1_000_000
	itemByKey  = "SELECT id, code, nonce, version, hits FROM items WHERE id = $1"
	itemByCode = "SELECT id, code, nonce, version, hits FROM items WHERE code = $1"
	// patience is the deadline that each call has, on both sides.
	patience = 30 * time.Second
)

func nonceOf(key int64) int64      { return key * 7919 % 1_000_003 }
func codeOf(key int64) string      { return fmt.Sprintf("c%07d", key) }
func (w *world) items() int64      { return int64(w.size(itemRows)) }
func (g *guest) key(n int64) int64 { return 1 + g.rnd.Int64N(n) }

// fillItems makes the items, once.
func (w *world) fillItems(ctx context.Context) error {
	if err := w.postgres(ctx); err != nil {
		return err
	}
	if w.filled["items"] {
		return nil
	}
	w.filled["items"] = true
	for _, sql := range []string{
		"ALTER TABLE items SET (fillfactor = 70)", // room for updates in place
		fmt.Sprintf(`INSERT INTO items (code, nonce, version, hits)
			SELECT 'c' || lpad(k::text, 7, '0'), k * 7919 %% 1000003, 0, 0 FROM generate_series(1, %d::bigint) k`, w.items()),
		"VACUUM ANALYZE items",
		"CHECKPOINT",
	} {
		if _, err := w.pgx.Exec(ctx, sql); err != nil && sql != "CHECKPOINT" { // the superuser's to do
			return err
		}
	}
	return nil
}

// right makes sure that a row is the one asked for.
func right(key, id, nonce int64, code string) error {
	if id != key || nonce != nonceOf(key) || code != codeOf(key) {
		return fmt.Errorf("asked for row %d, got row %d with nonce %d", key, id, nonce)
	}
	return nil
}

// readItem reads an item by hand.
func readItem(ctx context.Context, p *pgxpool.Pool, sql string, arg any) (*item, error) {
	x := &item{}
	return x, p.QueryRow(ctx, sql, arg).Scan(&x.ID, &x.Code, &x.Nonce, &x.Version, &x.Hits)
}

// watched is the versions that were written and acknowledged, by key: who reads a row
// afterwards has to see them. Only one goroutine writes.
type watched struct {
	acked []atomic.Int64
	last  int64
	// every is how long it rests between two writes, so that both sides meet as many.
	every time.Duration
	g     *guest
}

func newWatched(n int64) *watched {
	return &watched{acked: make([]atomic.Int64, n+1), every: time.Millisecond, g: newCrowd(1, nil).guests[0]}
}

// write bumps the version of some row.
func (w *watched) write(ctx context.Context, update func(ctx context.Context, key, version int64) (int64, error)) error {
	key := w.g.key(int64(len(w.acked) - 1))
	w.last++
	n, err := update(ctx, key, w.last)
	if err == nil && n != 1 {
		err = fmt.Errorf("the update of row %d changed %d rows", key, n)
	}
	if err != nil {
		return err
	}
	w.acked[key].Store(w.last)
	pause(ctx, w.every)
	return nil
}

// ours and theirs are the two ways to write a version.
func (w *watched) ours(db *spillway.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		return w.write(ctx, func(ctx context.Context, key, version int64) (int64, error) {
			return models.Exec(ctx, db, models.Update(itemT).Set(models.To(&itemT.Version, version)).Where(models.Eq(&itemT.ID, key)))
		})
	}
}

func (w *watched) theirs(p *pgxpool.Pool) func(context.Context) error {
	return func(ctx context.Context) error {
		return w.write(ctx, func(ctx context.Context, key, version int64) (int64, error) {
			tag, err := p.Exec(ctx, "UPDATE items SET version = $1 WHERE id = $2", version, key)
			return tag.RowsAffected(), err
		})
	}
}
