package main

import (
	"context"
	"runtime"
	"sync"

	"github.com/alitto/pond/v2"
	"golang.org/x/sync/errgroup"

	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// An errand is an operation without statements, and whoever waits for it. As in a future
// the channel is made only if somebody has to block.
type errand struct {
	pool.Op
	mu   sync.Mutex
	over bool
	done chan struct{}
}

// Resolved implements pool.Resolver.
func (e *errand) Resolved(*pool.Op) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over = true; e.done != nil {
		close(e.done)
	}
}

// await lends the goroutine, as Await does, and waits for the end.
func (e *errand) await() error {
	e.Lend()
	e.mu.Lock()
	if !e.over {
		e.done = make(chan struct{})
	}
	e.mu.Unlock()
	if e.done != nil {
		<-e.done
	}
	return e.Err()
}

// submitCost is what handing over work costs that does nothing: to our pool, to a worker
// pool of functions, and to an errgroup. Each waits for its end at once.
func submitCost(ctx context.Context, w *world) (*contest, error) {
	const workers = 4
	p, err := pool.New(&fake.Connector{}, pool.Config{Size: workers, Overflow: pool.NoOverflow, Recycle: pool.Never})
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = p.Close(context.Background()) }) // nothing is under way
	workerPool := pond.NewPool(workers)
	w.onClose(workerPool.StopAndWait)
	submit := func(ctx context.Context) error {
		e := &errand{}
		p.Submit(ctx, &e.Op, e)
		return e.await()
	}
	c := &contest{}
	ours := c.add("Submit", submit)
	ponds := c.add("pond", func(context.Context) error { return workerPool.Submit(func() {}).Wait() })
	groups := c.add("errgroup", func(context.Context) error {
		var g errgroup.Group
		g.SetLimit(workers)
		g.Go(func() error { return nil })
		return g.Wait()
	})
	c.pair("cost/submit", ours, ponds, 1)
	c.pair("cost/submit", ours, groups, 1)
	allocations := c.side("allocations", perOp, own(func(ctx context.Context, _ pace) (float64, error) { return mallocs(ctx, submit) }))
	most := c.side("at-most-2", perOp, own(func(context.Context, pace) (float64, error) { return 2, nil }))
	c.pair("cost/submit-allocations", allocations, most, 1)
	return c, nil
}

// mallocs counts the allocations of one run.
func mallocs(ctx context.Context, run func(context.Context) error) (float64, error) {
	const runs = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := run(ctx); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / runs), nil
}
