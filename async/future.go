package async

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// A Future is a result that is there or still to come. It is pending until it settles,
// once and for all, with a value or an error; then it can be read any number of times.
// All methods may be called from any number of goroutines.
//
// Futures come from the verbs of this package, from the combinators and from [New]. The
// zero Future never settles.
type Future[T any] struct {
	// settled is set, under mu, when val, err and mark are final; whoever has seen it
	// set reads them without the lock.
	settled atomic.Bool

	// mu is held for a few assignments, never while anything is called.
	mu      sync.Mutex
	done    chan struct{} // made by the first who needs it
	watches *watch        // futures made of this one
	src     source        // what will settle it; nil afterwards
	seen    bool          // the error counts as looked at before it is there

	mark *mark // whether the error was looked at; nil if there is none to count
	err  error
	val  T
}

// A source is what a pending future waits for.
type source interface {
	// cancel asks for an early end and reports whether cause is now the result. It may
	// be called again, and at any moment.
	cancel(cause error) bool
	// lend offers the goroutine of a waiter with that context.
	lend(ctx context.Context)
}

// closed stands in for the Done channel of a future that settled before anyone asked.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Await waits for the result. ctx is the patience of this waiter alone: when it ends
// first, Await returns [ErrPending] with the cause of ctx, and neither the operation nor
// other waiters notice. Once the future has settled, Await costs one atomic load and ctx
// does not matter.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	if !f.settled.Load() {
		if err := f.block(ctx); err != nil {
			var zero T
			return zero, err
		}
	}
	return f.result()
}

// Wait is [Future.Await] for those who need no value.
func (f *Future[T]) Wait(ctx context.Context) error {
	_, err := f.Await(ctx)
	return err
}

// Done returns a channel that is closed when the future settles, for use in select. The
// channel is made by the first call.
func (f *Future[T]) Done() <-chan struct{} {
	if f.settled.Load() {
		return closed
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settled.Load() {
		return closed
	}
	// Channels are not kept for reuse: one made inside a testing/synctest bubble must
	// not be met outside of it.
	if f.done == nil {
		f.done = make(chan struct{})
	}
	return f.done
}

// Poll returns the result if it is there, without waiting; the last value tells.
func (f *Future[T]) Poll() (T, error, bool) { //nolint // the flag comes last, as in a map lookup
	if !f.settled.Load() {
		var zero T
		return zero, nil, false
	}
	v, err := f.result()
	return v, err, true
}

// Cancel asks for an early end. It reports true if cause is now the result: for an
// operation that had not started, which is then guaranteed not to run, and for futures
// made by combinators. False means that the future had settled, or that its operation
// was already running: that is interrupted, and the result will tell what became of it.
// A nil cause stands for context.Canceled. Calling Cancel again does no harm.
func (f *Future[T]) Cancel(cause error) bool {
	if cause == nil {
		cause = context.Canceled
	}
	src, pending := f.pending()
	switch {
	case !pending:
		return false
	case src != nil:
		return src.cancel(cause)
	}
	return f.abandon(cause)
}

// block waits until the future has settled or ctx has ended.
func (f *Future[T]) block(ctx context.Context) error {
	f.lend(ctx)
	if f.settled.Load() {
		return nil
	}
	select {
	case <-f.Done():
		return nil
	case <-ctx.Done():
		if f.settled.Load() {
			return nil
		}
		return gaveUp(ctx)
	}
}

// gaveUp is the error of a waiter whose context has ended.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("%w: %w", ErrPending, context.Cause(ctx))
}

// result returns what the future settled with and notes that its error was looked at.
func (f *Future[T]) result() (T, error) {
	if f.mark != nil {
		f.mark.seen.Store(true)
	}
	return f.val, f.err
}

// settle makes v and err the result, unless there is one. It reports whether it did. It
// tells the futures made of f before it returns, and runs no user code.
func (f *Future[T]) settle(v T, err error) bool { return f.decide(v, err, false) }

// abandon settles f with the cause of a cancellation. Who cancels knows the cause, so
// nobody has to look at it.
func (f *Future[T]) abandon(cause error) bool {
	var zero T
	return f.decide(zero, cause, true)
}

func (f *Future[T]) decide(v T, err error, seen bool) bool {
	f.mu.Lock()
	if f.settled.Load() {
		f.mu.Unlock()
		return false
	}
	f.val, f.err = v, err
	if err != nil && !f.seen && !seen {
		f.mark = newMark(f, err)
	}
	f.settled.Store(true)
	done, w := f.done, f.watches
	f.done, f.watches, f.src = nil, nil, nil
	f.mu.Unlock()
	if done != nil {
		close(done)
	}
	for w != nil {
		next := w.next
		w.to.notice(w)
		w = next
	}
	return true
}
