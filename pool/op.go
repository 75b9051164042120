package pool

import (
	"context"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Runner carries out operations: a *[Pool] on any of its connections, a *[Lease] on
// its own. Both are safe for concurrent use.
type Runner interface {
	// Submit queues op and returns at once. r, which may be nil, learns the end; it may
	// be called before Submit returns. ctx is the life of the operation: when it ends
	// before the start, the operation is guaranteed not to run.
	Submit(ctx context.Context, op *Op, r Resolver)
	// Do carries op out and returns [Op.Err]. If a connection is free it runs in the
	// calling goroutine.
	Do(ctx context.Context, op *Op) error
}

// A Resolver learns that an operation has ended. Resolved is called exactly once, on the
// goroutine that ended it, often a worker: it must not block, must not wait for another
// operation and must not run user code. Submitting a further operation is allowed.
type Resolver interface {
	Resolved(op *Op)
}

// An Op is one operation: a flight of statements of one owner. Fill in the exported
// fields, hand it to a [Runner], read the answers after its end. An Op must not be
// copied, nor handed to a second Runner before it has ended.
type Op struct {
	driver.Flight
	// Role: Reader for statements that only read.
	Role driver.Role
	// Continuation marks the next step of something that already began: it goes to the
	// front of the queue and does not count against QueueLimit, so that started work is
	// finished before new work begins.
	Continuation bool
	// Take makes the operation keep its connection for an owner when it has ended: see
	// [Lease]. It must be a new Lease of the same pool.
	Take *Lease
	// Label names the operation in errors, such as a query's name or a place in code.
	Label string

	opState
}
