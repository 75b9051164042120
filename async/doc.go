// Package async holds futures: database calls that are submitted now and awaited later.
// It leaves the work to others: package models knows what a call is, package pool
// carries it out.
//
// # States
//
// A [Future] is pending, then settled, once and for all, with a value or an error. It
// can be awaited any number of times, from any number of goroutines, before and after it
// settles; reading a settled future takes no lock. Values are shared by all who read
// them: a future of a slice or a pointer hands the same one to everybody.
//
// A future whose operation is waiting in the pool's queue and one whose operation is
// running are both pending. No goroutine stands behind a pending future, and it costs at
// most two allocations: itself, and the operation with room for its answer. A waiter that
// has to block makes a third, the channel that [Future.Done] returns, for all waiters
// together.
//
// # Contexts
//
// The context given to a verb is the life of the operation: when it ends, the operation
// ends. The context given to [Future.Await] is the patience of that one waiter: when it
// ends, the waiter leaves with [ErrPending] and neither the operation nor anybody else
// notices.
//
// # Cancellation
//
// What the end of the verb's context and [Future.Cancel] do depends on how far the
// operation is.
//
//	state of the operation   what happens                    the future's error
//	----------------------   -----------------------------   ---------------------------
//	queued                   taken out of the queue;         the cause, and
//	                         guaranteed not to run           pool.ErrNotStarted
//	running, a read          interrupted                     the cause
//	running, a write         interrupted if that is          the cause, and "outcome
//	                         possible, otherwise it ends     unknown" if it may have
//	                                                         happened
//	between two steps        the next step is not started    the cause
//	ended                    nothing                         as it was
//
// A result that was faster than the interruption stands. Of operations with several
// steps, what cleans up after a canceled step is not canceled. Cancel reports true if the
// cause became the result. A future that a combinator made is canceled with all that it
// was made of:
//
//	Map, Then      settle at once with the cause; a function that has not started does
//	               not run, the result of one that is running is dropped
//	Race, Any      settle at once with the cause
//	Gather         the cause is the result unless there was an error before; settles when
//	               all parts have
//	Settle         settles when all parts have; each has its own outcome
//
// # Combinators
//
// [Gather] wants all values, [Settle] what became of each, [Race] the first end, [Any]
// the first success, [Collect] one after another as they come. [Map] and [Then] go on
// with a value. [Gather] waits for all its parts in any case, so that nothing of it is
// running when it has settled; Race and Any do not wait for the losers they cancel. A
// [Group] is a scope: after its Close nothing that was added to it is running.
//
// # Functions of the caller
//
// A function given to Map or Then runs exactly once, as soon as the future before it has
// settled with a value, whether or not anybody waits: a chain that was submitted and
// forgotten runs to its end. It runs in a goroutine of its own that starts then, never on
// a worker of the pool, so it may block, wait for other futures and start operations.
// There are as many such goroutines as functions running.
//
// If it panics, the future fails with a *[PanicError] that holds the value and the stack,
// and the process goes on: the panic happened in a goroutine that nobody called, so there
// is no stack to unwind, and waiters may be none or many. If it ends its goroutine with
// runtime.Goexit, the future fails with [ErrGoexit].
//
// # Lending
//
// An operation that is followed at once by Await need not wait for a worker to wake up:
// if it is the next of its queue and a connection is free, the waiter carries it out in
// its own goroutine. A waiter lends its goroutine only if its patience can not end before
// the operation does: its context can not be canceled at all, or ends together with the
// operation's. All others just wait. Map, Then, Gather and Settle pass the offer on to
// what they wait for; Race, Any and Collect do not, since a waiter that carries out one
// part would miss another that is faster.
//
// # Order
//
// Operations on a *spillway.DB run in any order, also when they were submitted by one
// goroutine; who needs an order awaits, or uses Then. Which of several waiters goes on
// first is not defined. Everything that happened before a future settled happens before
// Await returns, in the sense of the Go memory model.
//
// # Errors nobody looked at
//
// The error of a future that is awaited, polled or given to a combinator has been looked
// at. One that is not is counted when the garbage collector takes the future:
// [Unobserved] is the number, [OnUnobserved] shows each.
package async
