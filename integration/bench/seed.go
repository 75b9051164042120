package main

import (
	"context"
	"errors"
	"sync"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
)

// seedSessions is how many sessions are open at once.
const seedSessions = 30

// seedGet opens sessions at once, each of which gets one row, as the handlers of a web
// framework do: here with futures, in SQLModel with asyncio.
func seedGet(ctx context.Context, w *world) (*contest, error) {
	if err := errors.Join(w.postgres(ctx), w.lite(ctx)); err != nil {
		return nil, err
	}
	c := &contest{}
	for _, database := range []struct {
		db           *spillway.DB
		name, driver string
	}{{w.pg, "postgres", "asyncpg"}, {w.sqlite, "sqlite", "aiosqlite"}} {
		if err := w.fillAccounts(ctx, database.db); err != nil {
			return nil, err
		}
		key := next(w.size(accountRows))
		ours := c.add("AsyncSession/"+database.name, func(ctx context.Context) error {
			var all sync.WaitGroup
			var errs [seedSessions]error
			for i := range errs {
				id := key()
				all.Go(func() { errs[i] = sessionGet(ctx, database.db, id) })
			}
			all.Wait()
			return errors.Join(errs[:]...)
		})
		peer, err := startPython(w, database.driver)
		if err != nil {
			return nil, err
		}
		theirs := c.side("sqlmodel+"+database.driver, perRun, own(func(_ context.Context, p pace) (float64, error) {
			return peer.number("get %d %d %f", seedSessions, w.size(accountRows), p.crowd.Seconds())
		}))
		c.pair("seed/get", ours, theirs, 50)
	}
	return c, nil
}

func sessionGet(ctx context.Context, db *spillway.DB, id int64) error {
	s := db.AsyncSession()
	defer s.Close()
	a, err := async.Get[Account](ctx, s, id).Await(ctx)
	if err == nil && a.ID != id {
		err = errWrong
	}
	return err
}
