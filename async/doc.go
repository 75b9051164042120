// Package async holds futures, database calls that are submitted now and awaited later,
// and the session whose calls they are. It leaves the work to others: package models
// knows what a call is, package pool carries it out.
//
//	as := db.AsyncSession()
//	defer as.Close()
//	page, total := async.All(ctx, as, q), async.Count(ctx, as, q) // both are under way
//	users, err := page.Await(ctx)
//	…
//	n, err := total.Await(ctx)
//
// The verbs ([Get], [All], [First], [One], [Count], [CountEach], [Exists], [Exec], [Create],
// [Merge]) have the names and parameters they have in package models. They work on a
// [Session], or on a *spillway.DB, where each call is a unit of its own.
//
// A result that is too large to be held is no future, which is settled once, but a
// sequence: [Each] reads it chunk by chunk, and ahead, so that the next chunk is on its way
// while the loop works on this one.
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
//	waiting in a queue       taken out of the queue;         the cause, and
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
// goroutine; who needs an order awaits, or uses Then. Calls of a [Session] take effect in
// the order in which they were made, as the next section says. Which of several waiters goes on
// first is not defined. Everything that happened before a future settled happens before
// Await returns, in the sense of the Go memory model.
//
// # Sessions
//
// Any number of goroutines may use one [Session]. Its calls stand in one queue. A call
// begins when it is at the head and what runs lets it: reads run beside each other,
// anything else (Exec, Create, Flush, Commit, Rollback, raw SQL, reads with a lock) waits
// until what was begun has ended and is alone until it has ended itself. So nothing has to
// be awaited for the sake of order:
//
//	as.Add(user)
//	as.Flush(ctx)                              // fills the key in
//	posts := async.All(ctx, as, postsOfUser)   // sees the user
//	done := as.Commit(ctx)                     // all of it
//
// Where models have hooks, a Flush, Commit or Create that may call them has a goroutine of
// its own while it lasts; Cancel, and Close of the session, reach a hook by its ctx. In a
// hook models.HookSession gives the session to use; this one answers
// models.ErrSessionBusy.
//
// Inside a transaction the reads are those of one connection. The database carries them
// out in the order in which they were made; those that nobody awaited in between go out
// together, so that many cost about as much time on the way as two (package pool has the
// rules). One of them that is canceled while others are on the way with it leaves them,
// and the transaction, alone. On Postgres one that fails ends the transaction: those behind
// it fail with models.ErrNeedsRollback, sent or not, and so does one before it that has
// more to ask, such as the relations of what it found.
//
// A call that fails does not keep the calls behind it from running: await a Flush before
// what must not happen without it. A call that waits and is canceled, or whose context
// ends, is taken out and guaranteed not to run.
//
//	state of the call   Cancel or the end of its context      Close of the session
//	-----------------   -----------------------------------   ------------------------------
//	waiting             taken out; pool.ErrNotStarted         the same, with ErrSessionClosed
//	under way           as for any operation, see above; the  the same, with ErrSessionClosed;
//	                    future settles when the session has   then ROLLBACK, and the
//	                    brought its objects up to date        connection is given back
//	settled             nothing                               what was not committed is lost
//
// The queue is run by whoever makes or awaits a call, or by a goroutine that is started
// when there is something to do and ends when there is not, never by a worker of the
// pool; so sessions can not keep each other's operations from running, however many
// there are. A session at rest, and one that waits for the database, has no goroutine.
//
// # Errors nobody looked at
//
// The error of a future that is awaited, polled or given to a combinator has been looked
// at. One that is not is counted when the garbage collector takes the future:
// [Unobserved] is the number, [OnUnobserved] shows each.
package async
