package pool

import "context"

// A Lease is a connection that belongs to one owner: a transaction, a stream, a session.
// Make one with [NewLease], put it into [Op.Take] and submit that operation; when the
// operation has started without an error of its own, the lease is held, and operations
// submitted to it run one after another on its connection in the order of submission.
// Release gives the connection back. A Lease is safe for concurrent use.
type Lease struct{}

// NewLease prepares a lease. label says where it was taken, such as "session.go:88"; it
// appears in errors and leak reports.
func NewLease(label string) *Lease { return &Lease{} }

// Submit implements [Runner].
func (l *Lease) Submit(ctx context.Context, op *Op, r Resolver) {}

// Do implements [Runner].
func (l *Lease) Do(ctx context.Context, op *Op) error { return nil }

// Held reports whether the lease has a connection.
func (l *Lease) Held() bool { return false }

// Release gives the connection back: what is queued fails with [ErrReleased], what runs
// ends first, an open transaction is rolled back within ResetTimeout. It returns when
// the connection is clean or gone. Releasing twice, or a lease that was never held, does
// nothing.
func (l *Lease) Release() {}

// Context returns ctx marked as running on behalf of l's owner. An operation that is
// submitted to the pool itself with such a context while every connection's owner waits
// like this fails with [ErrPoolDeadlock] instead of waiting for ever.
func (l *Lease) Context(ctx context.Context) context.Context { return ctx }
