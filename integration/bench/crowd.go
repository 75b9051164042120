package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A crowd is work in many goroutines at once. A sample is how many operations ended in a
// second; while the goroutines start and stop nothing is counted. An error of any
// operation ends the measure: what is expected is op's to expect.
type crowd struct {
	guests []*guest
	op     func(ctx context.Context, g *guest) error
	// beside goes on in a further goroutine as long as the turn, uncounted; nil for none.
	beside func(ctx context.Context) error
}

// A guest is one goroutine of a crowd; it lives through all turns.
type guest struct {
	id  int
	rnd *rand.Rand
	n   int64 // for the operation to count

	done atomic.Int64
	_    [64]byte // the counts of neighbors lie on other cache lines
}

func newCrowd(size int, op func(ctx context.Context, g *guest) error) *crowd {
	c := &crowd{op: op}
	for i := range size {
		c.guests = append(c.guests, &guest{id: i, rnd: rand.New(rand.NewPCG(uint64(i), uint64(size)))})
	}
	return c
}

// with adds what goes on beside.
func (s *side) with(beside func(ctx context.Context) error) *side {
	s.work.(*crowd).beside = beside
	return s
}

// warm implements work.
func (c *crowd) warm(ctx context.Context, p pace, _ bool) error {
	_, err := c.turn(ctx, p)
	return err
}

// turn implements work.
func (c *crowd) turn(ctx context.Context, p pace) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var over atomic.Bool
	var all sync.WaitGroup
	loop := func(f func() error) {
		all.Go(func() {
			for !over.Load() {
				if err := f(); err != nil {
					cancel(err) // the first one counts: those that follow are canceled by it
					return
				}
			}
		})
	}
	for _, g := range c.guests {
		loop(func() error {
			err := c.op(ctx, g)
			g.done.Add(1)
			return err
		})
	}
	if c.beside != nil {
		loop(func() error { return c.beside(ctx) })
	}
	pause(ctx, p.crowd/4)
	from, begin := c.sum(), time.Now()
	for first := true; ctx.Err() == nil && (first || c.sum() == from); first = false {
		pause(ctx, p.crowd)
	}
	done, took := c.sum()-from, time.Since(begin)
	over.Store(true)
	all.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return float64(done) / took.Seconds(), nil
}

func (c *crowd) sum() (n int64) {
	for _, g := range c.guests {
		n += g.done.Load()
	}
	return n
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
