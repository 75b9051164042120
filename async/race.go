package async

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// Race returns the future of whichever of fs settles first, with its value or its error.
// The others are canceled with [ErrNotNeeded]; those that are running may end later.
// Race of nothing fails with [ErrNoFutures].
func Race[T any](fs ...*Future[T]) *Future[T] { return choose(fs, false) }

// Any returns the future of the first of fs that succeeds; the others are canceled with
// [ErrNotNeeded], those that are running may end later. If all fail, the result is their
// errors in the order of fs, joined by errors.Join. Any of nothing fails with
// [ErrNoFutures].
func Any[T any](fs ...*Future[T]) *Future[T] { return choose(fs, true) }

func choose[T any](fs []*Future[T], success bool) *Future[T] {
	if len(fs) == 0 {
		return Failed[T](ErrNoFutures)
	}
	if f := refuse[T](parts(fs)); f != nil {
		return f
	}
	c := &choice[T]{parts: fs, success: success, out: new(Future[T]), ws: make([]watch, len(fs))}
	c.open.Store(int64(len(fs)))
	c.out.src = c
	for i, f := range fs {
		c.ws[i].to, c.ws[i].i = c, i
		f.watch(&c.ws[i])
	}
	if c.out.settled.Load() { // before all were watched
		c.release(ErrNotNeeded)
	}
	return c.out
}

// choice is the source of a future that takes the result of one of its parts.
type choice[T any] struct {
	parts   []*Future[T]
	ws      []watch
	success bool // errors do not count
	out     *Future[T]
	open    atomic.Int64
	mu      sync.Mutex
	errs    []error
}

func (c *choice[T]) notice(w *watch) {
	if c.out.settled.Load() {
		c.parts[w.i].ignore()
		return
	}
	v, err := c.parts[w.i].result()
	if err != nil && c.success {
		c.mu.Lock()
		if c.errs == nil {
			c.errs = make([]error, len(c.parts))
		}
		c.errs[w.i] = err
		c.mu.Unlock()
		if c.open.Add(-1) > 0 {
			return
		}
		var zero T
		v, err = zero, errors.Join(c.errs...)
	}
	if c.out.settle(v, err) {
		c.release(ErrNotNeeded)
	}
}

func (c *choice[T]) cancel(cause error) bool {
	won := c.out.abandon(cause)
	c.release(cause)
	return won
}

// release lets go of the parts when the result is decided.
func (c *choice[T]) release(cause error) {
	for i, f := range c.parts {
		f.unwatch(&c.ws[i])
		if !f.settled.Load() {
			f.ignore()
			f.Cancel(cause)
		}
	}
}

// lend does nothing: a waiter that carries out one part is not there when another part
// is first.
func (c *choice[T]) lend(context.Context) {}
