package async

import (
	"context"
	"iter"
	"sync"
)

// Collect yields the results of the futures in seq in the order in which they settle,
// while it takes more from seq; with seq at its end it waits for the rest. ctx is the
// patience of the loop: when it ends with futures still pending, the last pair carries
// [ErrPending] with its cause. Leaving the loop early, like the end of ctx, cancels nothing.
func Collect[T any](ctx context.Context, seq iter.Seq[*Future[T]]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		c := &collector[T]{wake: make(chan struct{}, 1), open: make(map[*collected[T]]struct{})}
		defer c.release()
		var zero T
		for f := range seq {
			if f == nil {
				if !yield(zero, ErrNilFuture) {
					return
				}
				continue
			}
			c.add(f)
			if !c.drain(yield) {
				return
			}
			if ctx.Err() != nil && len(c.open) > 0 {
				yield(zero, gaveUp(ctx))
				return
			}
		}
		for len(c.open) > 0 {
			select {
			case <-c.wake:
				if !c.drain(yield) {
					return
				}
			case <-ctx.Done():
				if c.drain(yield) && len(c.open) > 0 {
					yield(zero, gaveUp(ctx))
				}
				return
			}
		}
	}
}

// collector is one run of Collect; all but ready belongs to the goroutine of the loop.
type collector[T any] struct {
	open map[*collected[T]]struct{}
	wake chan struct{}

	mu    sync.Mutex
	ready []*collected[T]
}

// collected is a future on its way through a collector.
type collected[T any] struct {
	c *collector[T]
	f *Future[T]
	w watch
}

func (e *collected[T]) notice(*watch) {
	e.c.mu.Lock()
	e.c.ready = append(e.c.ready, e)
	e.c.mu.Unlock()
	select {
	case e.c.wake <- struct{}{}:
	default:
	}
}

func (c *collector[T]) add(f *Future[T]) {
	e := &collected[T]{c: c, f: f}
	e.w.to = e
	c.open[e] = struct{}{}
	f.watch(&e.w)
}

// drain yields what has settled and reports whether the loop goes on.
func (c *collector[T]) drain(yield func(T, error) bool) bool {
	for {
		c.mu.Lock()
		ready := c.ready
		c.ready = nil
		c.mu.Unlock()
		if len(ready) == 0 {
			return true
		}
		for _, e := range ready {
			delete(c.open, e)
			if !yield(e.f.result()) {
				return false
			}
		}
	}
}

func (c *collector[T]) release() {
	for e := range c.open {
		e.f.unwatch(&e.w)
	}
}
