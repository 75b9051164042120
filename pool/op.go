package pool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

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
	// [Lease]. It must be a new Lease.
	Take *Lease
	// Share lets the operation share a flight with those of other callers. The zero value
	// has it fly alone.
	Share Share
	// Label names the operation in errors, such as a query's name or a place in code.
	Label string

	opState
}

// Progress of an operation. It only moves forward.
const (
	opNew     uint32 = iota
	opQueued         // in a queue; whoever takes it out decides its fate
	opRunning        // belongs to the goroutine that drives its connection
	opShared         // in a flight with others; its mu decides who ends it
	opEnded          // err is final
)

// opState is the engine's part of an Op.
type opState struct {
	ctx      context.Context
	resolver Resolver
	err      error
	ended    chan struct{} // takes a token at the end; made only for Do
	direct   bool          // somebody waits in Do, and watches the context there

	// Guarded by Pool.mu while the operation is queued.
	crew       *crew
	lease      *Lease // the queue is this lease's own
	next, prev *Op
	list       *opList
	holders    *Lease // owners that wait in this operation (self-deadlock)
	stop       func() bool
	deadline   time.Time // zero: none
	order      uint64    // of submission
	lane       Lane
	weight     int  // of its arguments, in bytes
	unwatched  bool // counts in crew.unwatched
	solo       bool // not to share a flight any more
	together   bool // may share a flight with others of its owner's

	// mu guards the answers of an operation that shares a flight, and ride.
	mu   sync.Mutex
	ride *ride

	state     atomic.Uint32
	runs      atomic.Uint32 // counts runs of this Op
	ping      bool          // ask the server, instead of sending statements
	retried   bool
	submitted time.Time
	started   time.Time
	interrupt interrupt
}

// reset prepares op for a run and checks that it is not in one.
func (op *Op) reset(ctx context.Context, r Resolver) {
	op.idle("submitted again")
	op.ctx, op.resolver, op.err = ctx, r, nil
	op.runs.Add(1)
	op.retried, op.solo, op.lane, op.direct = false, false, LaneNone, false
	op.submitted, op.started, op.deadline = time.Now(), time.Time{}, time.Time{}
	op.interrupt.reset()
	op.state.Store(opNew)
}

// idle panics if op is under way.
func (op *Op) idle(verb string) {
	switch op.state.Load() {
	case opQueued, opRunning, opShared:
		panic("pool: an operation was " + verb + " before it ended")
	}
}

// Clear readies op, which must not be under way, to be filled in and submitted again for
// somebody else: it keeps nothing alive of what it was.
func (op *Op) Clear() {
	op.idle("cleared")
	op.Flight, op.Role, op.Continuation, op.Take, op.Share, op.Label = driver.Flight{}, driver.Reader, false, nil, Share{}, ""
	// How often it has run stays: by that whoever comes late knows that it is not the run
	// that was meant.
	op.ctx, op.resolver, op.err, op.crew, op.lease, op.stop = nil, nil, nil, nil, nil, nil
}

// Err is the end of the operation as a whole: nil when every statement was answered,
// also with errors of their own ([driver.Flight.Err] tells those). It is valid once the
// operation has ended.
func (op *Op) Err() error { return op.err }

// Outcome is Err or else the first error among the statements.
func (op *Op) Outcome() error {
	if op.err != nil {
		return op.err
	}
	return op.Flight.Err()
}

// Ended reports whether the operation has ended.
func (op *Op) Ended() bool { return op.state.Load() == opEnded }

// Lend offers the calling goroutine for carrying out op, so that a waiter need not wait
// for a worker to wake up. It reports whether op has ended. It does nothing, and answers
// false, unless op is the next of its queue and a connection is free.
func (op *Op) Lend() bool {
	if op.state.Load() != opQueued {
		return op.Ended()
	}
	if w, next := op.crew.pool.lend(op); w != nil {
		w.serve(next)
		w.yield()
	}
	return op.Ended()
}

// Cancel ends op with cause. It reports true if op had not started: then it is
// guaranteed never to run. A running operation is interrupted; one that shares a flight
// with others ends at once, without its answer.
func (op *Op) Cancel(cause error) bool {
	run := op.runs.Load()
	if op.state.Load() == opQueued && op.crew.pool.withdraw(op, run, cause) {
		return true
	}
	if op.leave(run, cause) {
		return false
	}
	if op.state.Load() == opRunning {
		op.interrupt.fire(cause)
	}
	return false
}

// end makes err final and tells who waits. The caller owns op: it took it out of its
// queue or has run it.
func (op *Op) end(err error) {
	op.err = err
	ended, r := op.ended, op.resolver
	op.state.Store(opEnded)
	// From here on the owner may reuse op.
	if ended != nil {
		ended <- struct{}{}
	}
	if r != nil {
		r.Resolved(op)
	}
}

// doubt is the end of an operation whose connection was lost with err: if that left a
// write behind whose outcome is unknown, that is what the owner has to know.
func (op *Op) doubt(err error) error {
	for i := range op.Statements {
		if e := op.Statements[i].Err; errors.Is(e, driver.ErrOutcomeUnknown) {
			return e
		}
	}
	if op.writes() && errors.Is(err, driver.ErrConnectionLost) {
		return lostWrite(err)
	}
	return err
}

// lostWrite is the end of what looked like a read, writes, and has lost its connection.
func lostWrite(err error) error {
	return &driver.Error{Kind: driver.ErrOutcomeUnknown, Message: "the connection was lost under a read that writes: " + err.Error(), Err: err}
}

// writes reports whether op is known to change something although it looks like a read.
func (op *Op) writes() bool {
	s := op.Share.Shape
	return s != nil && s.Lane == LaneRead && s.solo.Load()
}

// readOnly reports whether repeating op can change nothing.
func (op *Op) readOnly() bool {
	if op.writes() {
		return false
	}
	for i := range op.Statements {
		if s := &op.Statements[i]; s.Class != driver.Read || s.Foreign {
			return false
		}
	}
	return true
}

// class is the class under which op is counted: that of its first statement.
func (op *Op) class() driver.Class {
	if len(op.Statements) == 0 {
		return driver.Raw
	}
	return op.Statements[0].Class
}
