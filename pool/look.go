package pool

import (
	"context"
	"runtime"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Reads beside a single writer (SQLite). Each takes a snapshot of its own, and the locks
// for that cost as much as finding a row. A caller that finds an idle reader carries its
// read out itself, in its own goroutine, which costs nothing besides. But when many read at
// once it is cheaper to have them wait for a reader's goroutine, which takes its share of
// those that wait, opens one snapshot (driver.Snapshotter), and carries them out one after
// the other, each for itself, with its own context and its own answer at once.
//
// Whether many read at once can not be seen while each is served at once, so now and then
// one goes to the queue to see who joins it.
//
// A read can not tell: its snapshot was taken after it was submitted, so it sees all that
// was acknowledged before.

// lookFor is how long a snapshot is used: those behind wait for those before, and the log
// can not be folded back into the file.
const lookFor = slowAfter

const (
	// probeAfter is how many reads are carried out by their callers until one tries the
	// queue.
	probeAfter = 128
	// crowdPer is how many reads must wait for each processor for waiting to pay.
	crowdPer = 2
	// patience is how long an operation may take until its reader does not count as one
	// that takes what waits.
	patience = time.Millisecond
)

// probes reports whether op, which could start at once, goes to the queue to see who joins
// it. Called with Pool.mu held, as are enough and share.
func (c *crew) probes(op *Op) bool {
	if !c.looks || !op.looks() {
		return false
	}
	if c.alone++; c.alone < probeAfter {
		return false
	}
	c.alone = 0
	return true
}

// enough reports whether no further reader is to be set to work: there is one at work for
// each processor, and they take what waits. Those that have been at one operation for long
// do not count. Should they all be, the nudge finds out. t is the time now.
func (c *crew) enough(t time.Time) bool {
	if c.company <= 1 || !c.looks {
		return false
	}
	atWork := 0
	for _, w := range c.all {
		if w.roused || !w.idle && w.lease == nil && t.Sub(w.since) < patience {
			atWork++
		}
	}
	if atWork < runtime.GOMAXPROCS(0) {
		return false
	}
	c.nudge.by(t.Add(patience), t)
	return true
}

// share is a reader's share of n reads that wait. It notes how many read at once; to find
// few, once, does not change what is done.
func (c *crew) share(n int) int {
	procs := runtime.GOMAXPROCS(0)
	if n+c.seen >= crowdPer*procs {
		c.company = n + c.seen
	} else {
		c.company /= 2
	}
	turns := min(procs, len(c.all))
	return min((n+turns-1)/turns, maxMembers)
}

// serveLook carries out op together with other reads that wait, if there are any. It
// reports false if op is to be carried out alone. The caller is the worker's own goroutine.
func (w *worker) serveLook(op *Op) bool {
	c := w.crew
	s, ok := w.conn.(driver.Snapshotter)
	if !ok || !c.looks || !op.looks() || !w.gatherLook() {
		return false
	}
	begin := now()
	open := !w.needsPing(begin) && s.OpenSnapshot(context.Background()) == nil
	n := 0
	for ; op != nil; op = w.nextLook(begin) {
		op.unwatch()
		if op.interrupt.fired() {
			c.pool.reject(op, RejectCanceled, op.interrupt.reason())
			continue
		}
		n++
		if w.serve(op); !open {
			break
		}
	}
	if open {
		s.CloseSnapshot()
		w.counters.shared[LaneRead].observe(n)
	}
	c.pool.mu.Lock()
	rest := w.leaveLook()
	c.pool.mu.Unlock()
	c.resume(rest, false)
	runtime.Gosched() // let those it answered ask again before we look
	return true
}

// gatherLook takes the worker's share of the reads at the head of the queue. What is no
// such read keeps its place. It reports whether there were any.
func (w *worker) gatherLook() bool {
	c := w.crew
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	w.look = w.look[:0]
	share := c.share(c.waiting() + 1)
	for len(w.look)+1 < share && !p.dead {
		op := c.head()
		if op == nil || !op.looks() {
			break
		}
		c.unlink(op)
		op.state.Store(opRunning)
		w.look = append(w.look, op)
	}
	if len(w.look) == 0 {
		return false
	}
	c.seen += len(w.look)
	c.nudge.by(w.since.Add(patience), w.since)
	return true
}

// nextLook returns the next read of those the worker has taken; nil if there is none, or
// it became too late for it.
func (w *worker) nextLook(begin time.Time) *Op {
	c := w.crew
	t := w.used
	if t.Sub(begin) > lookFor || w.stale(t) != "" || w.conn.Status() != driver.Idle {
		return nil
	}
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if len(w.look) == 0 || c.pool.dead {
		return nil
	}
	op := w.look[0]
	w.look = w.look[1:]
	c.seen--
	c.begun(w, op, t)
	return op
}

// leaveLook takes from the worker what it has not begun, for the caller to resume. Called
// with Pool.mu held.
func (w *worker) leaveLook() []*Op {
	rest := w.look
	w.look = nil
	w.crew.seen -= len(rest)
	return rest
}

// relieve takes from readers that have been at one operation for long those that wait
// behind it, for the caller to resume. Called with Pool.mu held.
func (c *crew) relieve(t time.Time) (ops []*Op) {
	for _, w := range c.all {
		if len(w.look) == 0 {
			continue
		}
		if t.Sub(w.since) >= patience {
			ops = append(ops, w.leaveLook()...)
		} else {
			c.nudge.by(w.since.Add(patience), t)
		}
	}
	return ops
}

// looks reports whether op may share a snapshot: it does nothing but read, once.
func (op *Op) looks() bool {
	return len(op.Statements) > 0 && op.Take == nil && op.lease == nil && !op.ping && !op.solo && op.readOnly()
}
