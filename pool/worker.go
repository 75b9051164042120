package pool

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// worker is a slot of the pool: one connection and the goroutine that serves operations
// on it. The goroutine may be replaced for one operation by that of a waiter: whoever
// took the worker out of crew.idle, or got it from Lease.take, drives it, alone.
type worker struct {
	crew *crew
	wake chan struct{} // one token: look at the queue

	// Owned by whoever drives the worker.
	conn       driver.Conn
	generation uint64
	born       time.Time
	expires    time.Time // zero: never
	used       time.Time // end of the last operation
	took       time.Duration
	rtt        time.Duration // the least that an operation took: the way there and back
	demoted    bool          // its server became read-only
	ride       *ride         // its place for shared flights, once there was one
	batch      batch         // its place for writes that share a commit
	counters   counters

	// handing: what ran has ended, and the connection is on its way back. Kept only where
	// nobody waits for a connection (NoWait); set by whoever drives the worker.
	handing atomic.Bool

	// Guarded by Pool.mu.
	idle      bool // in crew.idle
	idleSince time.Time
	since     time.Time // the start of the last operation outside of a lease
	look      []*Op     // reads that it has taken, and not begun
	roused    bool      // a wake-up is under way
	gone      bool      // retired
	fresh     bool      // counts in crew.fresh
	lone      bool      // what runs is a write that flies alone, or
	grouping  bool      // a group of them
	aside     bool      // what runs is on a detour
	unblocked bool      // its end let others start
	current   *Op       // what runs, for Close
	lease     *Lease
}

// start wakes the worker's goroutine.
func (w *worker) start() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run serves operations until the worker is retired.
func (w *worker) run() {
	op := w.settle(true)
	for {
		for op != nil {
			if !w.serveBatch(op) && !w.serveLook(op) {
				w.serve(op)
			}
			if r := w.ride; r != nil && op == &r.carrier {
				// Those who were aboard often come straight back. Let them, before the next
				// flight is put together: it is fuller then, and nobody waits for a timer.
				runtime.Gosched()
			}
			op = w.settle(true)
		}
		<-w.wake
		var gone bool
		if op, gone = w.awake(); gone {
			return
		}
	}
}

// awake decides what a woken worker does: nothing if a waiter was faster.
func (w *worker) awake() (op *Op, gone bool) {
	c := w.crew
	p := c.pool
	p.mu.Lock()
	w.roused = false
	switch {
	case w.gone:
		c.attend()
		p.mu.Unlock()
		return nil, true
	case w.lease != nil:
		if l := w.lease; !l.busy {
			op = l.next(now())
		}
	case w.idle && c.eligible() > 0:
		t := now()
		if c.enough(t) {
			break
		}
		c.unpark(w)
		if reason := w.stale(t); reason != "" {
			c.attend()
			p.mu.Unlock()
			w.retire(reason)
			return nil, false // the retirement wakes us again
		}
		c.nobodyCame()
		op = c.next(w, t)
		c.grow(t) // what came while we slept saw an idle worker
	}
	c.attend()
	p.mu.Unlock()
	return op, false
}

// yield ends driving by a waiter: what comes next is for the worker's own goroutine.
func (w *worker) yield() { w.settle(false) }

// settle decides what becomes of a worker after an operation. With own set the caller is
// the worker's goroutine and gets the next operation; otherwise it is woken for it.
func (w *worker) settle(own bool) *Op {
	c := w.crew
	p := c.pool
	status := w.conn.Status()
	p.mu.Lock()
	w.current = nil
	w.kept()
	if w.fresh {
		w.fresh = false
		c.fresh--
	}
	c.settled(w)
	if l := w.lease; l != nil {
		return w.settleLease(l, own, status) // unlocks
	}
	t := w.used
	if w.took > 0 { // else it was long ago that an operation ended
		c.opTime, c.lastDone = average(c.opTime, w.took), t
		w.took = 0
	} else {
		t = now()
	}
	reason := w.stale(t)
	if status == driver.Broken {
		reason = CloseBroken
	}
	if reason == "" && p.dead {
		reason = CloseShutdown
	}
	switch {
	case reason != "":
	case c.live() > c.limit():
		reason = CloseResize
	case c.eligible() == 0 && len(c.idle) >= c.size && p.cfg.OverflowLinger == 0:
		reason = CloseOverflow
	}
	if reason != "" {
		p.mu.Unlock()
		w.retire(reason)
		return nil
	}
	var op *Op
	if own {
		op = c.next(w, t)
	}
	if op == nil {
		c.park(w, t)
		if c.eligible() > 0 && !c.enough(t) {
			w.roused = true
			w.start()
		}
		p.notify()
	}
	if w.unblocked {
		w.unblocked = false
		c.stir()
	}
	p.mu.Unlock()
	return op
}

// settleLease goes on with a worker that belongs to an owner. Called with Pool.mu held;
// it unlocks.
func (w *worker) settleLease(l *Lease, own bool, status driver.Status) (op *Op) {
	p := w.crew.pool
	l.busy = false
	var failed []*Op
	lost := status == driver.Broken || p.dead
	if lost {
		failed = l.drop()
		l.detach()
		p.notify()
	} else if !l.released && l.head() != nil {
		if own {
			op = l.next(now())
		} else {
			w.start()
		}
	}
	if l.free != nil {
		close(l.free)
		l.free = nil
	}
	p.mu.Unlock()
	if lost {
		for _, f := range failed {
			p.reject(f, RejectConnect, errLeaseLost)
		}
		reason := CloseBroken
		if status != driver.Broken {
			reason = CloseShutdown
		}
		w.retire(reason)
	}
	return op
}

// stale is the reason why the connection must not be given more work, "" if it may.
func (w *worker) stale(t time.Time) CloseReason {
	switch {
	case w.demoted:
		return CloseReadOnly
	case w.generation != w.crew.pool.generation.Load():
		return CloseInvalidated
	case !w.expires.IsZero() && !t.Before(w.expires):
		return CloseRecycle
	default:
		return ""
	}
}

// pingAfter is how long a connection may be idle before it is checked: HikariCP's and
// pgxpool's second and a half, rounded down.
const pingAfter = time.Second

func (w *worker) needsPing(t time.Time) bool {
	p := w.crew.pool
	switch p.cfg.PrePing {
	case PingNever:
		return false
	case PingAlways:
		return true
	default:
		return p.features.RoundTrip && t.Sub(w.used) > pingAfter
	}
}

// serve carries out op, which the caller took out of its queue, and ends it, unless it
// has to go back to the queue.
func (w *worker) serve(op *Op) {
	c := w.crew
	p := c.pool
	if r := w.ride; r != nil && op == &r.carrier {
		if r.lease != nil {
			w.flyLeased()
		} else {
			w.fly()
		}
		return
	}
	if op.ctx.Err() != nil {
		w.handsBack(op)
		p.reject(op, RejectCanceled, context.Cause(op.ctx))
		return
	}
	if op.Take != nil && op.Take.abandoned() {
		w.handsBack(op)
		p.reject(op, RejectCanceled, ErrReleased)
		return
	}
	if op.lease == nil && !w.ping(op) {
		return
	}
	var err error
	switch {
	case op.ping:
		err = w.check((*runContext)(op))
	case op.retried && p.features.ReadOnly != nil:
		err = w.reread(op)
	case len(op.Statements) > 0:
		err = w.conn.Fly((*runContext)(op), &op.Flight)
	}
	end := now()
	op.interrupt.release()
	w.used, w.took = end, max(1, end.Sub(op.started))
	if w.rtt == 0 || w.took < w.rtt {
		w.rtt = w.took
	}
	err = op.explain(err)
	if err != nil {
		if w.repeat(op, err) {
			return
		}
		err = op.doubt(err)
	}
	for i := range op.Statements {
		if op.Statements[i].Class == driver.Schema {
			p.outdated()
			break
		}
	}
	if n := len(op.Statements); n > 0 {
		bump(&w.counters.flights, 1)
		bump(&w.counters.statements, uint64(n))
	}
	w.counters.count(op, err, end)
	if s := op.Share.Shape; s != nil && op.lane != laneAside && op.Outcome() == nil { // else it may have waited for a lock
		s.ran(w.took-w.rtt, op.Statements[0].Affected)
	}
	p.echo.statements(op, end.Sub(op.started))
	w.suspect(op, err)
	granted := op.Take != nil && err == nil && w.conn.Status() != driver.Broken && w.grant(op.Take)
	switch {
	case op.lease != nil:
		op.lease.note(w, cmp.Or(err, op.Flight.Err()))
	case !granted:
		w.clean(false)
		w.handsBack(op)
	}
	op.end(err)
}

// handsBack notes that op is about to end and its connection to be free: whoever hears of
// the end and asks for a connection at once is not told that there is none.
func (w *worker) handsBack(op *Op) {
	if op.lease == nil && w.crew.pool.cfg.Timeout == NoWait {
		w.handing.Store(true)
	}
}

// kept notes that the connection is free now, or is not going to be.
func (w *worker) kept() {
	if w.handing.Load() {
		w.handing.Store(false)
	}
}

// ping checks a connection that was idle for long. It reports false after it gave op
// back to the queue and marked the connection for retirement.
func (w *worker) ping(op *Op) bool {
	if !w.needsPing(op.started) {
		return true
	}
	p := w.crew.pool
	if err := w.check(p.done); err != nil {
		// The others are as old: SQLAlchemy, too, declares them all stale.
		p.invalidate(w)
		return !w.crew.requeue(op)
	}
	op.started = w.used
	return true
}

// check pings within PingTimeout. A connection that failed is not used again.
func (w *worker) check(ctx context.Context) error {
	p := w.crew.pool
	ctx, cancel := context.WithTimeout(ctx, p.cfg.PingTimeout)
	defer cancel()
	err := w.conn.Ping(ctx)
	bump(&w.counters.pings, 1)
	if err != nil {
		bump(&w.counters.pingErrors, 1)
		p.log(evPingFailed, "err", err)
	}
	w.used = now()
	return err
}

// repeat sends an operation that only reads to another connection, once, when its own
// was lost under it.
func (w *worker) repeat(op *Op, err error) bool {
	if op.retried || op.lease != nil || op.Take != nil || op.ctx.Err() != nil ||
		!errors.Is(err, driver.ErrConnectionLost) || !op.readOnly() || op.interrupt.fired() {
		return false
	}
	op.retried = true
	w.crew.pool.invalidate(w)
	return w.crew.requeue(op)
}

// reread carries out what repeat has sent here. The server may have carried it out before,
// and what looks like a read writes if a view or a policy calls such a function, or if who
// wrote the text was wrong about it; so each statement is refused to write. What was is an
// operation of unknown outcome.
func (w *worker) reread(op *Op) error {
	b := w.crew.pool.features.ReadOnly
	f := driver.Flight{Statements: make([]driver.Statement, 0, 3*len(op.Statements))}
	for i := range op.Statements {
		f.Statements = append(f.Statements, b.Begin, op.Statements[i], b.End)
	}
	err := w.conn.Fly((*runContext)(op), &f)
	for i := range op.Statements {
		s, from := &op.Statements[i], f.Statements[3*i:3*i+3]
		s.Affected, s.Err = from[1].Affected, from[1].Err
		switch {
		case s.Err == nil && err != nil:
			s.Err = err
		case s.Err == nil:
			s.Err = cmp.Or(from[0].Err, from[2].Err)
		case errors.Is(s.Err, driver.ErrReadOnly):
			if shape := op.Share.Shape; shape != nil && shape.leave() {
				bump(&w.counters.soloShapes, 1)
			}
			s.Err = lostWrite(s.Err)
		}
	}
	return err
}

// suspect looks at how op ended for signs that other connections are bad too: this one
// was lost, or a writer finds itself on a server that became read-only.
func (w *worker) suspect(op *Op, err error) {
	p := w.crew.pool
	if errors.Is(err, driver.ErrConnectionLost) {
		p.invalidate(w)
		return
	}
	if !p.features.RoundTrip || op.Role != driver.Writer || op.lease != nil && op.lease.ReadOnly {
		return
	}
	for i := range op.Statements {
		if s := &op.Statements[i]; s.Err != nil && errors.Is(s.Err, driver.ErrReadOnly) {
			p.log(evReadOnly, "err", s.Err)
			w.demoted = true
			p.invalidate(w)
			return
		}
	}
}

// clean makes the connection fit for its next owner. returned tells that an owner gave
// it back. A connection that can not be cleaned is closed, so Status answers Broken.
func (w *worker) clean(returned bool) {
	p := w.crew.pool
	status := w.conn.Status()
	if status == driver.Broken {
		return
	}
	mode := driver.ResetRollback
	switch {
	case p.cfg.ResetOnReturn == ResetFull && returned:
		mode = driver.ResetFull
	case status == driver.Idle:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.ResetTimeout)
	defer cancel()
	bump(&w.counters.resets, 1)
	if status != driver.Idle {
		bump(&w.counters.rollbacks, 1)
	}
	var err error
	if p.cfg.ResetOnReturn == ResetNone {
		err = errors.New("an open transaction was returned and ResetOnReturn is ResetNone")
	} else {
		err = w.conn.Reset(ctx, mode)
	}
	p.log(evReset, "status", status, "err", err)
	if err != nil || w.conn.Status() != driver.Idle {
		bump(&w.counters.resetErrors, 1)
		closing, cancel := context.WithTimeout(context.Background(), p.cfg.DrainTimeout)
		defer cancel()
		_ = w.conn.Close(closing) // whatever it answers, the connection is not used again
	}
}

// retire takes the worker, which the caller drives, out of the crew and closes its
// connection aside.
func (w *worker) retire(reason CloseReason) {
	p := w.crew.pool
	p.mu.Lock()
	broken := w.dismiss(reason)
	p.mu.Unlock()
	w.dispose(reason, broken)
}

// dismiss does the bookkeeping. A broken connection gives its slot back at once, since
// closing may take until DrainTimeout; a healthy one when it is closed, so that the
// server never sees more than the limit. Called with Pool.mu held; dispose must follow.
func (w *worker) dismiss(reason CloseReason) (broken bool) {
	c := w.crew
	// An invalidated connection is suspect: closing it may hang just as well.
	broken = reason == CloseInvalidated || reason == CloseReadOnly || w.conn.Status() == driver.Broken
	w.gone = true
	c.pool.base.closes[reason]++
	if broken {
		c.remove(w)
		c.draining++
	} else {
		c.closing++
	}
	c.stir()
	return broken
}

// dispose closes the connection of a dismissed worker and ends its goroutine.
func (w *worker) dispose(reason CloseReason, broken bool) {
	c := w.crew
	p := c.pool
	p.log(evClosed, "reason", reason, "age", now().Sub(w.born))
	w.start()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), p.cfg.DrainTimeout)
		defer cancel()
		_ = w.conn.Close(ctx) // an error of closing has nobody to go to
		p.mu.Lock()
		defer p.mu.Unlock()
		if broken {
			c.draining--
		} else {
			c.remove(w)
			c.closing--
		}
		c.stir()
		p.notify()
	}()
}

// remove forgets the worker and keeps what it counted.
func (c *crew) remove(w *worker) {
	i := slices.Index(c.all, w)
	c.all = slices.Delete(c.all, i, i+1)
	c.pool.base.fold(&w.counters)
}

// invalidate declares every connection as old as w stale. Many that fail together count
// once.
func (p *Pool) invalidate(w *worker) {
	if p.generation.CompareAndSwap(w.generation, w.generation+1) {
		p.log(evInvalidated, "generation", w.generation+1)
	}
}
