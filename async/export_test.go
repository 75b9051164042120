package async

import (
	"context"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// Start opens start to the external tests.
func Start[T any](ctx context.Context, r pool.Runner, chain link.Chain[T]) *Future[T] {
	return start(ctx, r, chain)
}

// Watched is the number of futures made of f that still hear of it.
func Watched[T any](f *Future[T]) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := f.watches; w != nil; w = w.next {
		n++
	}
	return n
}

// NewRunning is New with a future that hears of Cancel but goes on, as one whose
// operation is running.
func NewRunning[T any](canceled func(error)) (*Future[T], func(T, error) bool) {
	f, settle := New[T]()
	f.src = running(canceled)
	return f, settle
}

type running func(error)

func (r running) cancel(cause error) bool { r(cause); return false }

func (running) lend(context.Context) {}

// MaxQueued is the bound of a mailbox.
const MaxQueued = maxQueued

// Seen reports whether the error of f counts as looked at.
func Seen[T any](f *Future[T]) bool { return f.mark == nil || f.mark.seen.Load() }

// Send has a chain carried out as a read of a session.
func Send[T any](ctx context.Context, s *Session, chain link.Chain[T]) *Future[T] {
	return send(ctx, s, reading, chain)
}
