package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/spillwaydb/spillway/models"
)

// perMillisecond is how many operations begin in a millisecond of mixture, whether those
// before them have ended or not: a side that is slow can not slow down what is asked of
// it.
const perMillisecond = 2

// mixture is 90 % reads of a row, 9 % writes and 1 % statements of 50 ms. What counts is
// how long a read takes that is slower than 99 % of all.
func mixture(ctx context.Context, w *world) (*contest, error) {
	if err := w.fillItems(ctx); err != nil {
		return nil, err
	}
	db, err := w.db(ctx, 16)
	if err != nil {
		return nil, err
	}
	p, err := w.pool(ctx, 16)
	if err != nil {
		return nil, err
	}
	sleep := models.Raw[string]("SELECT CAST(pg_sleep(0.05) AS text)").ReadOnly()
	c := &contest{}
	ours := c.side("Get", perRun, mixed{
		n: w.items(),
		read: func(ctx context.Context, key int64) error {
			x, err := models.Get[Item](ctx, db, key)
			if err != nil {
				return err
			}
			return right(key, x.ID, x.Nonce, x.Code)
		},
		write: func(ctx context.Context, key int64) error {
			q := models.Update(itemT).Set(models.ToExpr(&itemT.Hits, models.Col(&itemT.Hits).Plus(1))).Where(models.Eq(&itemT.ID, key))
			n, err := models.Exec(ctx, db, q)
			return check(int(n), 1, err)
		},
		slow: func(ctx context.Context) error {
			_, err := models.One(ctx, db, sleep)
			return err
		},
	})
	theirs := c.side("pgxpool", perRun, mixed{
		n: w.items(),
		read: func(ctx context.Context, key int64) error {
			x, err := readItem(ctx, p, itemByKey, key)
			if err != nil {
				return err
			}
			return right(key, x.ID, x.Nonce, x.Code)
		},
		write: func(ctx context.Context, key int64) error {
			tag, err := p.Exec(ctx, "UPDATE items SET hits = hits + 1 WHERE id = $1", key)
			return check(int(tag.RowsAffected()), 1, err)
		},
		slow: func(ctx context.Context) error {
			_, err := p.Exec(ctx, "SELECT pg_sleep(0.05)")
			return err
		},
	})
	c.pair("pg/mixed", ours, theirs, 1)
	return c, nil
}

// mixed is the work of one side.
type mixed struct {
	n           int64
	read, write func(ctx context.Context, key int64) error
	slow        func(ctx context.Context) error
}

// warm implements work.
func (m mixed) warm(ctx context.Context, p pace, _ bool) error {
	_, err := m.turn(ctx, p)
	return err
}

// turn implements work. It lasts four times as long as a crowd's, since what is seldom
// counts.
func (m mixed) turn(ctx context.Context, p pace) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rnd := rand.New(rand.NewPCG(1, 2)) // the same draws for both sides
	var mu sync.Mutex
	var reads []float64
	var all sync.WaitGroup
	begin := time.Now()
	for ms := 0; time.Duration(ms)*time.Millisecond < 4*p.crowd && ctx.Err() == nil; ms++ {
		due := begin.Add(time.Duration(ms) * time.Millisecond)
		pause(ctx, time.Until(due))
		for range perMillisecond {
			draw, key := rnd.IntN(100), 1+rnd.Int64N(m.n)
			if ms == 0 {
				draw = 0 // so that there is one in a short turn
			}
			all.Go(func() {
				var err error
				switch {
				case draw < 90:
					err = m.read(ctx, key)
					took := float64(time.Since(due))
					mu.Lock()
					reads = append(reads, took)
					mu.Unlock()
				case draw < 99:
					err = m.write(ctx, key)
				default:
					err = m.slow(ctx)
				}
				if err != nil {
					cancel(err)
				}
			})
		}
	}
	all.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return quantile(reads, 0.99), nil
}
