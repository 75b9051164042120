package pool

import (
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Lease is a connection that belongs to one owner: a transaction, a stream, a session.
// Make one with [NewLease], put it into [Op.Take] and submit that operation; when the
// operation has ended without an error of its own, the lease is held, and operations
// submitted to it run on its connection in the order of submission, one after another,
// except that reads which wait together go out together.
// Release gives the connection back. A Lease is safe for concurrent use, and good for
// one connection only.
type Lease struct {
	// ReadOnly says that the owner asked for a read-only transaction, so an attempt to
	// write in it is the owner's mistake and no sign of a server that changed its role.
	// Set it before the lease is taken.
	ReadOnly bool

	label string

	// Guarded by Pool.mu once prepared.
	crew     *crew
	worker   *worker // nil: not held, or lost
	first    opList  // continuations
	queue    opList  // all others
	busy     bool    // an operation runs
	released bool
	free     chan struct{} // closed when busy ends, for Release
	since    time.Time
	parent   *Lease // the owner took it while it held that one
	waits    int    // operations of the owner that wait for the pool
	waitsOn  *crew
	leak     *time.Timer
	stack    []byte

	status atomic.Int32          // of the connection, a driver.Status, when an operation last ended
	cause  atomic.Pointer[error] // why there is no transaction any more
}

// errLeaseLost is the end of operations queued on a connection that was lost.
var errLeaseLost error = &driver.Error{Kind: driver.ErrConnectionLost, Message: "the owner's connection was lost before the statement was sent"}

// NewLease prepares a lease. label says where it was taken, such as "session.go:88"; it
// appears in errors and leak reports.
func NewLease(label string) *Lease { return &Lease{label: label} }

// prepare binds the lease to the crew that it will take a worker of.
func (l *Lease) prepare(c *crew, ctx context.Context) {
	if l.crew != nil {
		panic("pool: a lease is good for one connection; make a new one")
	}
	l.crew, l.parent = c, leaseFrom(ctx, c.pool)
	if c.pool.cfg.LeakAfter != Never {
		l.stack = debug.Stack()
	}
}

// grant gives w, which the caller drives, to the lease. It reports false if the lease was
// released before it was held.
func (w *worker) grant(l *Lease) bool {
	c := w.crew
	p := c.pool
	p.mu.Lock()
	if l.released {
		p.mu.Unlock()
		return false
	}
	w.lease, l.worker = l, w
	l.note(w, nil)
	l.busy = true // until settle
	l.since = now()
	c.leased++
	p.leases = append(p.leases, l)
	p.base.leases++
	if d := p.cfg.LeakAfter; d != Never {
		l.leak = time.AfterFunc(d, l.reportLeak)
	}
	p.mu.Unlock()
	p.log(evLeased, "owner", l.label)
	return true
}

// abandoned reports whether the lease was released before it was held.
func (l *Lease) abandoned() bool {
	p := l.crew.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	return l.released
}

func (l *Lease) reportLeak() {
	p := l.crew.pool
	p.mu.Lock()
	held := l.worker != nil
	if held {
		p.base.leaks++
	}
	p.mu.Unlock()
	if held {
		p.echo.logger.Warn("a connection is held for long: was its owner forgotten? Close the session, or raise LeakAfter",
			"pool", p.cfg.Name, "owner", l.label, "held", now().Sub(l.since), "taken_at", string(l.stack))
	}
}

// begun notes that the owner's connection carries op out.
func (l *Lease) begun(op *Op, t time.Time) {
	l.busy = true
	op.state.Store(opRunning)
	op.started, l.worker.current = t, op
}

// drop empties the queue and returns what was in it. Called with Pool.mu held.
func (l *Lease) drop() (ops []*Op) {
	for op := l.head(); op != nil; op = l.head() {
		l.crew.dequeue(op)
		op.state.Store(opRunning)
		ops = append(ops, op)
	}
	return ops
}

// detach ends the ownership. Called with Pool.mu held.
func (l *Lease) detach() {
	p := l.crew.pool
	held := now().Sub(l.since)
	l.worker.lease, l.worker = nil, nil
	l.crew.leased--
	l.crew.opTime = average(l.crew.opTime, held)
	p.base.lease.observe(held)
	if l.leak != nil {
		l.leak.Stop()
	}
	i := slices.Index(p.leases, l)
	p.leases = slices.Delete(p.leases, i, i+1)
}

// Submit implements [Runner].
func (l *Lease) Submit(ctx context.Context, op *Op, r Resolver) {
	op.reset(ctx, r)
	op.ended = nil
	l.submit(op, false)
}

// Do implements [Runner].
func (l *Lease) Do(ctx context.Context, op *Op) error {
	op.reset(ctx, nil)
	op.ended, op.direct = nil, true
	if w := l.submit(op, true); w != nil {
		w.serve(op)
		w.yield()
	}
	return op.wait()
}

// submit queues op behind what the owner submitted before. With direct set it returns
// the worker for the caller to drive, if nothing runs.
func (l *Lease) submit(op *Op, direct bool) *worker {
	op.crew, op.lease = l.crew, l
	if l.crew == nil {
		panic("pool: operation on a lease that was never submitted")
	}
	if op.Take != nil {
		panic("pool: an operation of a lease can not take another connection")
	}
	p := l.crew.pool
	op.together = l.crew.together(op)
	if op.ctx.Err() != nil {
		p.refuse(op, RejectCanceled, context.Cause(op.ctx))
		return nil
	}
	p.mu.Lock()
	p.base.submitted++
	if l.worker == nil || l.released {
		reason, why := error(ErrReleased), RejectClosed
		switch {
		case p.dead:
			reason = ErrClosed
		case !l.released:
			reason, why = errLeaseLost, RejectConnect
		}
		p.mu.Unlock()
		p.reject(op, why, reason)
		return nil
	}
	if direct {
		if !l.busy && l.head() == nil {
			l.begun(op, op.submitted)
			w := l.worker
			p.mu.Unlock()
			return w
		}
		op.ended = p.ender()
	}
	op.state.Store(opQueued)
	if op.Continuation {
		l.first.push(op)
	} else {
		l.queue.push(op)
	}
	if !l.busy {
		l.worker.start()
	}
	if !op.direct {
		op.watch()
	}
	p.mu.Unlock()
	return nil
}

// Held reports whether the lease has a connection.
func (l *Lease) Held() bool {
	if l.crew == nil {
		return false
	}
	p := l.crew.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	return l.worker != nil && !l.released
}

// Release gives the connection back: what is queued fails with [ErrReleased], what runs
// ends first, an open transaction is rolled back within ResetTimeout. It returns when
// the connection is clean or gone. Releasing twice does nothing. A lease released before
// it is held never will be: the operation that was to take it is not started, or gives
// the connection back when it ends. It must not be called by a [Resolver].
func (l *Lease) Release() {
	if l.crew == nil {
		return
	}
	p := l.crew.pool
	p.mu.Lock()
	if l.worker == nil || l.released {
		l.released = true
		p.mu.Unlock()
		return
	}
	l.released = true
	queued := l.drop()
	var busy chan struct{}
	if l.busy {
		l.free = make(chan struct{})
		busy = l.free
	}
	p.mu.Unlock()
	for _, op := range queued {
		p.reject(op, RejectClosed, ErrReleased)
	}
	if busy != nil {
		<-busy
	}
	p.mu.Lock()
	w := l.worker
	if w == nil { // lost meanwhile
		p.mu.Unlock()
		return
	}
	l.detach()
	w.took = 0
	p.mu.Unlock()
	p.log(evReleased, "owner", l.label, "held", now().Sub(l.since))
	w.clean(true)
	w.yield()
}

// Forsake is Release for an owner that is gone without having called it, as the garbage
// collector noticed: it is logged, and counted in Stats.Leaks.
func (l *Lease) Forsake() {
	if !l.Held() {
		l.Release() // or it would be held when the operation that takes it ends
		return
	}
	p := l.crew.pool
	p.mu.Lock()
	p.base.leaks++
	p.mu.Unlock()
	p.echo.logger.Warn("a connection's owner was forgotten: its transaction is rolled back and the connection given back; close each session",
		"pool", p.cfg.Name, "owner", l.label, "held", now().Sub(l.since))
	l.Release()
}

// Context returns ctx marked as running on behalf of l's owner. An operation submitted
// to the pool itself with such a context, while every connection's owner waits like
// this, fails with [ErrPoolDeadlock] instead of waiting for ever.
func (l *Lease) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, leaseKey{l.crew.pool}, l)
}

// Status tells the state of the owner's connection after the operation that ended last.
func (l *Lease) Status() driver.Status {
	p := l.crew.pool
	p.mu.Lock()
	w := l.worker
	p.mu.Unlock()
	if w == nil {
		return driver.Broken
	}
	return driver.Status(l.status.Load())
}

// Cause returns the error that ended the transaction, or made it fail, while [Lease.Status]
// says so: several operations may have been told of it, in any order. nil if that was no
// error of an operation.
func (l *Lease) Cause() error {
	if e := l.cause.Load(); e != nil {
		return *e
	}
	return nil
}

// note keeps the status of the connection, which the caller drives, before the operations
// end that had an effect on it; err is the first error among them.
func (l *Lease) note(w *worker, err error) {
	before, status := driver.Status(l.status.Load()), w.conn.Status()
	switch {
	case status == driver.InTx:
		l.cause.Store(nil)
	case before == driver.InTx && err != nil:
		l.cause.Store(&err)
	}
	l.status.Store(int32(status))
}
