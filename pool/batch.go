package pool

import (
	"context"
	"runtime"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Group commit where one connection writes (SQLite). A commit waits for the disk, and
// whoever writes next waits for it. So the writes that queued while the last commit ran
// go out in one transaction, each in a savepoint of its own (driver.Grouper), and share
// one commit. There is no timer: a batch takes what waits, and what comes while it is
// carried out, until nothing waits or it is full.
//
// A write can tell nothing of it: it fails alone, it is answered when it is committed,
// and what undoes the whole transaction (a full disk, an I/O error, RAISE(ROLLBACK) in a
// trigger) has the others carried out again, one by one. A commit that fails fails all.

// batchFor is how long a batch takes further units: those that are in it wait.
const batchFor = slowAfter

const (
	// loneFor is how long a statement goes alone after it has undone a batch, so that one
	// that always does (RAISE(ROLLBACK) in a trigger) undoes few.
	loneFor = time.Second
	// maxLoners bounds what a crew remembers of them.
	maxLoners = 256
)

// batch is the transaction that a worker's units share.
type batch struct {
	w     *worker
	g     driver.Grouper
	begin time.Time
	until time.Time // it takes no unit any more
	bytes int       // of arguments, of all that were taken out of the queue
	taken int       // units taken out of the queue
	wait  []*Op     // taken, in order
	at    int       // the next of them
	units []*Op     // have joined
	// expect is how many shared the last batch: as many may write again.
	expect int
}

// serveBatch carries out op together with what else waits, if it can share a commit and
// others are likely to. It reports false if op is to be carried out alone. The caller is
// the worker's own goroutine: no waiter is held up by the work of strangers.
func (w *worker) serveBatch(op *Op) bool {
	c := w.crew
	g, ok := w.conn.(driver.Grouper)
	if !ok || !c.batches {
		return false
	}
	b := &w.batch
	c.pool.mu.Lock()
	fits := c.isUnit(op)
	if b.expect = c.company; fits && b.expect <= 1 {
		next := c.head()
		fits = next != nil && c.isUnit(next)
	}
	c.pool.mu.Unlock()
	if !fits {
		return false
	}
	b.w, b.g, b.begin = w, g, now()
	b.bytes, b.taken = op.Weight(), 1
	b.run(op)
	if len(b.units) > 1 {
		runtime.Gosched() // let those it answered write again before we look
	}
	clear(b.units[:cap(b.units)])
	clear(b.wait[:cap(b.wait)])
	b.units, b.wait, b.at = b.units[:0], b.wait[:0], 0
	return true
}

// gathers reports, with Pool.mu held, whether op is for the worker's own goroutine, since
// such operations come in company these days: carried out by its caller, a write would
// have a commit to itself, and the others would wait for that; a read would take a look of
// its own.
func (c *crew) gathers(op *Op) bool {
	switch {
	case c.company <= 1:
		return false
	case c.batches:
		return c.isUnit(op)
	default:
		return c.looks && op.looks()
	}
}

// isUnit reports, with Pool.mu held, whether op may share a commit: one write of the query builder, or a
// transaction of nothing but such writes. Everything else (raw SQL, DDL, transactions that
// read) has the connection to itself.
func (c *crew) isUnit(op *Op) bool {
	n := len(op.Statements)
	if n == 0 || op.Take != nil || op.lease != nil || op.solo || op.Role != driver.Writer {
		return false
	}
	work := op.Statements
	if n > 2 && work[0].Class == driver.Begin && work[n-1].Class == driver.Commit {
		work = work[1 : n-1]
	} else if n > 1 {
		return false
	}
	for i := range work {
		if work[i].Class != driver.Write || work[i].Foreign || c.isLoner(work[i].SQL) {
			return false
		}
	}
	return true
}

// isLoner reports whether a statement has undone a batch lately.
func (c *crew) isLoner(sql string) bool {
	return len(c.loners) > 0 && now().Before(c.loners[sql])
}

// run is the whole way of a batch.
func (b *batch) run(op *Op) {
	w := b.w
	p := w.crew.pool
	opened := false
	for ; op != nil; op = b.next() {
		switch {
		case op.ctx.Err() != nil:
			op.unwatch()
			p.reject(op, RejectCanceled, context.Cause(op.ctx))
			continue
		case op.interrupt.fired():
			op.unwatch()
			p.reject(op, RejectCanceled, op.interrupt.reason())
			continue
		}
		op.started = now()
		if !opened {
			p.mu.Lock()
			w.current = op
			p.mu.Unlock()
			err := b.g.OpenGroup((*runContext)(op))
			b.until = now().Add(w.crew.batchFor) // waiting for another process does not count
			if opened = err == nil; !opened {
				// Only op had begun: the next one tries for itself.
				for i := range op.Statements {
					op.Statements[i].Affected, op.Statements[i].Err = 0, err
				}
				b.units = append(b.units, op)
				b.finish(nil)
				return
			}
		}
		if b.join(op) {
			b.undone(op)
			return
		}
	}
	if opened {
		b.finish(b.g.CloseGroup())
	}
}

// join carries out one unit; its answer counts when the batch is committed. It reports
// true if that has undone the batch. A unit that is the first can be interrupted: it would
// undo nobody else.
func (b *batch) join(op *Op) (undone bool) {
	ctx := context.Background()
	if len(b.units) == 0 {
		ctx = (*runContext)(op)
	}
	undone = b.g.Join(ctx, &op.Flight)
	if len(b.units) == 0 {
		op.interrupt.release()
	}
	b.units = append(b.units, op)
	return undone
}

// next returns the next unit, nil when the batch is to be committed. Those for which it
// became too late go back to the queue.
func (b *batch) next() *Op {
	w := b.w
	for tries := 0; ; tries++ {
		if t := now(); t.After(b.until) || w.stale(t) != "" {
			w.crew.resume(b.wait[b.at:], false)
			b.at = len(b.wait)
			return nil
		}
		if b.at < len(b.wait) {
			b.at++
			return b.wait[b.at-1]
		}
		if b.taken >= maxMembers || b.bytes >= maxFlight {
			return nil
		}
		if b.take() {
			continue
		}
		// Those whose last write was committed just now may be about to write again, and
		// only need a processor for it.
		if tries > 1 || len(b.units) >= b.expect {
			return nil
		}
		runtime.Gosched()
	}
}

// take takes the units at the head of the queue, as far as the batch has room. What is no
// unit keeps its place, so the order of submission stays. It reports whether there was any.
func (b *batch) take() bool {
	c := b.w.crew
	p := c.pool
	b.wait, b.at = b.wait[:0], 0
	p.mu.Lock()
	for b.taken < maxMembers && !p.dead {
		op := c.head()
		if op == nil || !c.isUnit(op) {
			break
		}
		n := op.Weight()
		if b.bytes += n; b.bytes > maxFlight && n > 0 {
			break
		}
		b.taken++
		c.unlink(op)
		op.state.Store(opRunning)
		b.wait = append(b.wait, op)
	}
	p.mu.Unlock()
	return len(b.wait) > 0
}

// undone ends op, which has undone the batch, and puts the others back to the front of
// the queue: those that had joined to be carried out alone, in their order.
func (b *batch) undone(op *Op) {
	w := b.w
	c := w.crew
	others := b.units[:len(b.units)-1]
	if len(others) > 0 {
		bump(&w.counters.resends, 1)
		c.pool.mu.Lock()
		if c.loners == nil || len(c.loners) >= maxLoners {
			c.loners = make(map[string]time.Time)
		}
		for i := range op.Statements {
			if s := &op.Statements[i]; s.Class == driver.Write {
				c.loners[s.SQL] = now().Add(loneFor)
			}
		}
		c.pool.mu.Unlock()
	}
	c.resume(b.wait[b.at:], false)
	c.resume(others, true)
	b.units[0] = op
	b.units = b.units[:1]
	b.finish(nil)
}

// finish ends all units. err is that of the commit.
func (b *batch) finish(err error) {
	w := b.w
	p := w.crew.pool
	w.used = now()
	w.took = max(1, w.used.Sub(b.begin))
	broken := w.conn.Status() == driver.Broken
	statements := 0
	for _, op := range b.units {
		statements += len(op.Statements)
		if err != nil {
			op.uncommitted(err)
		}
	}
	bump(&w.counters.flights, 1)
	bump(&w.counters.statements, uint64(statements))
	if len(b.units) > 1 {
		w.counters.shared[LaneWrite].observe(len(b.units))
	}
	w.clean(false)
	w.handsBack(b.units[0])
	p.mu.Lock()
	w.current = nil
	w.crew.company = len(b.units)
	p.mu.Unlock()
	for i, op := range b.units {
		op.unwatch()
		_ = op.explain(nil)
		var lost error
		if broken {
			lost = op.Flight.Err()
		}
		w.counters.count(op, lost, w.used)
		p.echo.statements(op, w.used.Sub(op.started))
		if i == 0 {
			w.suspect(op, lost)
		}
		op.end(lost)
	}
}

// uncommitted enters that the commit of the batch failed.
func (op *Op) uncommitted(err error) {
	last := &op.Statements[len(op.Statements)-1]
	if last.Err == nil { // else it had failed alone
		last.Affected, last.Err = 0, err
	}
}

// reason is why the operation was interrupted.
func (i *interrupt) reason() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cause
}
