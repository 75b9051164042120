package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// peerPools are the sizes of pgxpool that writes are compared to; the best counts.
var peerPools = []int{16, 32, 64}

// write counts up rows by random key, each in its own transaction, with fsync on. In the
// end the rows together hold as many counts as were acknowledged.
func write(ctx context.Context, w *world) (*contest, error) {
	if err := w.fillItems(ctx); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 16)
	if err != nil {
		return nil, err
	}
	n := w.items()
	var acked atomic.Int64
	counted := func(rows int64, err error) error {
		if err == nil && rows != 1 {
			err = errWrong
		}
		if err == nil {
			acked.Add(1)
		}
		return err
	}
	c := &contest{}
	ours := c.crowd("Update", 256, func(ctx context.Context, g *guest) error {
		q := models.Update(itemT).Set(models.ToExpr(&itemT.Hits, models.Col(&itemT.Hits).Plus(1))).Where(models.Eq(&itemT.ID, g.key(n)))
		return counted(models.Exec(ctx, db, q))
	})
	var peers []*side
	for _, size := range peerPools {
		p, err := w.pool(ctx, size)
		if err != nil {
			return nil, err
		}
		peers = append(peers, c.crowd(fmt.Sprintf("pgxpool.Exec/%d", size), 256, func(ctx context.Context, g *guest) error {
			tag, err := p.Exec(ctx, "UPDATE items SET hits = hits + 1 WHERE id = $1", g.key(n))
			return counted(tag.RowsAffected(), err)
		}))
	}
	before, err := w.hits(ctx)
	if err != nil {
		return nil, err
	}
	c.after(func(ctx context.Context) error {
		after, err := w.hits(ctx)
		if err == nil && after-before != acked.Load() {
			err = fmt.Errorf("%d updates were acknowledged, the rows hold %d", acked.Load(), after-before)
		}
		return err
	})
	c.pair("pg/write-256", ours, peers[0], 2.5, peers[1:]...)
	return c, nil
}

// hits is how often all items were counted up.
func (w *world) hits(ctx context.Context) (n int64, err error) {
	return n, w.pgx.QueryRow(ctx, "SELECT sum(hits)::bigint FROM items").Scan(&n)
}

// A Ticket has a code that no other has.
type Ticket struct {
	models.Model
	Code string `db:",unique"`
}

var ticketT = models.Register[Ticket]()

const (
	ticketRows = 10_000
	taken      = "taken" // the code of the first ticket
)

// writeErrors changes codes of tickets by random key; each hundredth wants one that is
// taken. Only those may fail, and all of them must.
func writeErrors(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	n := int64(w.size(ticketRows))
	if _, err := w.pgx.Exec(ctx, "INSERT INTO tickets (code) SELECT CASE k WHEN 1 THEN $2 ELSE 'first ' || k END FROM generate_series(1, $1::bigint) k", n, taken); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 16)
	if err != nil {
		return nil, err
	}
	var refused, wanted atomic.Int64
	// change makes one change and looks at its answer.
	change := func(g *guest, who string, write func(code string, key int64) (rows int64, unique bool, err error)) error {
		g.n++
		code := fmt.Sprintf("%s %d %d", who, g.id, g.n)
		fails := g.n%100 == 99
		if fails {
			code = taken
			wanted.Add(1)
		}
		rows, unique, err := write(code, 1+g.key(n-1))
		switch {
		case unique && fails:
			refused.Add(1)
			return nil
		case err == nil && (fails || rows != 1):
			return errWrong
		}
		return err
	}
	c := &contest{}
	ours := c.crowd("Update", 256, func(ctx context.Context, g *guest) error {
		return change(g, "ours", func(code string, key int64) (int64, bool, error) {
			rows, err := models.Exec(ctx, db, models.Update(ticketT).Set(models.To(&ticketT.Code, code)).Where(models.Eq(&ticketT.ID, key)))
			return rows, errors.Is(err, spillway.ErrUnique), err
		})
	})
	var peers []*side
	for _, size := range peerPools {
		p, err := w.pool(ctx, size)
		if err != nil {
			return nil, err
		}
		peers = append(peers, c.crowd(fmt.Sprintf("pgxpool.Exec/%d", size), 256, func(ctx context.Context, g *guest) error {
			return change(g, fmt.Sprint("theirs ", size), func(code string, key int64) (int64, bool, error) {
				tag, err := p.Exec(ctx, "UPDATE tickets SET code = $1 WHERE id = $2", code, key)
				var pe *pgconn.PgError
				return tag.RowsAffected(), errors.As(err, &pe) && pe.Code == "23505", err
			})
		}))
	}
	c.after(func(ctx context.Context) error {
		var holders, first int64
		if err := w.pgx.QueryRow(ctx, "SELECT count(*), coalesce(min(id), 0) FROM tickets WHERE code = $1", taken).Scan(&holders, &first); err != nil {
			return err
		}
		if holders != 1 || first != 1 || refused.Load() != wanted.Load() {
			return fmt.Errorf("%d of %d violations were refused, %d rows have the code that is taken", refused.Load(), wanted.Load(), holders)
		}
		return nil
	})
	c.pair("pg/write-errors", ours, peers[0], 2, peers[1:]...)
	return c, nil
}
