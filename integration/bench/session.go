package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway/models"
)

// An Order and its Receipt are inserted together. Their keys are made by whoever inserts.
type (
	Order struct {
		Code  string `db:",pk"`
		Guest int64
		Note  string
	}
	Receipt struct {
		Code string `db:",pk"`
		Sum  int64
	}
)

var (
	orderT   = models.Register[Order]()
	receiptT = models.Register[Receipt]()
)

// session inserts into two tables in one transaction: by a session of ours, and by a
// batch, which pgx sends in one round trip too. In the end there are as many of both as
// were acknowledged.
func session(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 16)
	if err != nil {
		return nil, err
	}
	var acked atomic.Int64
	c := &contest{}
	ours := c.crowd("Session.Commit", 256, func(ctx context.Context, g *guest) error {
		g.n++
		code := fmt.Sprintf("ours %d %d", g.id, g.n)
		s := db.Session()
		defer s.Close()
		s.Add(&Order{Code: code, Guest: int64(g.id), Note: "hello"}, &Receipt{Code: code, Sum: g.n})
		if err := s.Commit(ctx); err != nil {
			return err
		}
		acked.Add(1)
		return nil
	})
	var peers []*side
	for _, size := range peerPools {
		p, err := w.pool(ctx, size)
		if err != nil {
			return nil, err
		}
		peers = append(peers, c.crowd(fmt.Sprintf("pgxpool.SendBatch/%d", size), 256, func(ctx context.Context, g *guest) error {
			g.n++
			code := fmt.Sprintf("theirs %d %d %d", size, g.id, g.n)
			var b pgx.Batch
			b.Queue("INSERT INTO orders (code, guest, note) VALUES ($1, $2, $3)", code, int64(g.id), "hello")
			b.Queue("INSERT INTO receipts (code, sum) VALUES ($1, $2)", code, g.n)
			if err := p.SendBatch(ctx, &b).Close(); err != nil {
				return err
			}
			acked.Add(1)
			return nil
		}))
	}
	c.after(func(ctx context.Context) error {
		orders, err := models.Count(ctx, db, models.From(orderT))
		if err != nil {
			return err
		}
		receipts, err := models.Count(ctx, db, models.From(receiptT))
		if err == nil && (orders != acked.Load() || receipts != orders) {
			err = fmt.Errorf("%d were acknowledged, there are %d orders and %d receipts", acked.Load(), orders, receipts)
		}
		return err
	})
	c.pair("pg/session-256", ours, peers[0], 2, peers[1:]...)
	return c, nil
}
