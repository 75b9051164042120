package pool

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A ride is a worker's place for a flight that operations of several callers share. The
// flight has statements of its own, copied from those of its members, with sinks that
// stand between: so a member whose caller gives up can leave at any moment, and nothing
// of it is touched any more. What it leaves behind runs to its end, since stopping it
// would stop whoever else is aboard; only a flight that everybody has left is stopped.
type ride struct {
	w       *worker
	lane    Lane
	lease   *Lease // all members are its owner's; nil: they are anybody's
	carrier Op     // what the driver gets
	members []member
	aboard  atomic.Int32
	begin   time.Time
	rounds  int
	stamp   uint64 // Pool.stamp, plus one, when it was asked about tables

	// Of one round.
	copies []driver.Statement
	guards []guard
	merges []merge
	order  []int32        // guard or, as -1-i, merge of each statement behind the prefix
	prefix int            // statements that open the transaction; 0: there is none
	args   []driver.Value // of the copies
	solo   []*Op          // to be sent alone
	again  []*Op          // to be sent again, their connection having been lost
	lost   error
	hasty  bool // somebody waited for a lock in vain
}

// A member is an operation aboard.
type member struct {
	op    *Op
	run   uint32
	shape *Shape
	class driver.Class // that it is counted under
	key   driver.Value // what writes are sorted by
	state memberState
	plain bool // not merged, since that went wrong
	again bool // its connection was lost under it before
	first int  // its guards
	n     int
	merge int32 // -1: none
	next  int32 // the next one of the same merge, -1 for none
}

type memberState uint8

const (
	memberWaits memberState = iota
	memberDone              // ended, has left, or goes alone
)

func newRide(w *worker) *ride {
	r := &ride{w: w}
	r.carrier.ctx = context.Background()
	r.carrier.crew = w.crew
	w.ride = r
	return r
}

// board takes op in. Called with Pool.mu held; op is in no queue any more.
func (r *ride) board(op *Op) {
	r.members = append(r.members, member{op: op, run: op.runs.Load(), shape: op.Share.Shape, class: op.class(), key: op.Share.Key})
	r.aboard.Add(1)
	op.ride = r
	op.state.Store(opShared)
}

// leave ends op without its answer, if it shares a flight in that run. What it was to do
// is done or not; a write can not tell.
func (op *Op) leave(run uint32, cause error) bool {
	op.mu.Lock()
	if op.runs.Load() != run || op.state.Load() != opShared {
		op.mu.Unlock()
		return false
	}
	if cause == nil {
		cause = context.Canceled
	}
	if r := op.ride; r.lease != nil && !r.spares() {
		op.mu.Unlock()
		r.carrier.interrupt.fire(cause)
		return false
	}
	stop := op.disembark()
	for i := range op.Statements {
		s := &op.Statements[i]
		e := &driver.Error{Kind: driver.ErrCanceled, Message: cause.Error(), Err: cause}
		if s.Class != driver.Read {
			e.Kind, e.Message = driver.ErrOutcomeUnknown, "the caller left before the answer came: "+e.Message
		}
		s.Affected, s.Err = 0, e
	}
	op.mu.Unlock()
	if stop != nil {
		stop()
	}
	op.end(nil)
	return true
}

var errAllLeft = errors.New("everybody has left the flight")

// disembark makes op, which is aboard, belong to the calling goroutine alone. Called with
// op.mu held; stop ends the watch over its context.
func (op *Op) disembark() (stop func() bool) {
	r := op.ride
	op.ride = nil
	op.state.Store(opRunning)
	if r.lease == nil && r.aboard.Add(-1) == 0 && r.lane == LaneRead {
		r.carrier.interrupt.fire(errAllLeft)
	}
	stop, op.stop = op.stop, nil
	return stop
}

// take makes a member belong to the calling goroutine, which drives the ride. It reports
// false if the member has left. The caller has op.mu to itself when it does.
func (m *member) take() bool {
	op := m.op
	if m.state == memberDone {
		return false
	}
	m.state = memberDone
	op.mu.Lock()
	if op.runs.Load() != m.run || op.state.Load() != opShared {
		op.mu.Unlock()
		return false
	}
	return true
}

// fly carries the flight out, and sends again what an error of somebody else kept from
// being done, until every member has ended or is back in a queue.
func (w *worker) fly() {
	r := w.ride
	p := w.crew.pool
	r.begin, r.rounds, r.lost, r.hasty = now(), 0, nil, false
	r.carrier.interrupt.reset()
	if w.needsPing(r.begin) && w.check(p.done) != nil {
		p.invalidate(w)
		r.release()
		r.finish()
		return
	}
	r.stepAside()
	if !r.survey() {
		r.release() // nothing was sent yet
		r.finish()
		return
	}
	r.part()
	size := 0
	for n := r.compose(); n > 0; n = r.compose() {
		size = max(size, n)
		p.mu.Lock()
		w.current = &r.carrier
		w.kept()
		dead := p.dead
		p.mu.Unlock()
		if dead {
			r.carrier.interrupt.fire(ErrClosed)
		}
		sent := now()
		err := w.conn.Fly((*runContext)(&r.carrier), &r.carrier.Flight)
		w.used = now()
		w.took = max(1, w.used.Sub(r.begin))
		r.carrier.interrupt.release()
		err = r.carrier.explain(err)
		w.handsBack(&r.carrier)
		p.echo.statements(&r.carrier, w.used.Sub(sent))
		bump(&w.counters.flights, 1)
		bump(&w.counters.statements, uint64(len(r.carrier.Statements)))
		if r.rounds > 0 {
			bump(&w.counters.resends, 1)
		}
		if err != nil {
			r.abandon(err)
			break
		}
		r.measure(sent)
		r.judge()
		r.part()
		r.rounds++
	}
	if size > 0 {
		w.counters.shared[r.lane].observe(size)
	}
	if r.lost == nil {
		w.clean(false)
	}
	r.finish()
}

// part hands back what goes alone or again.
func (r *ride) part() {
	r.w.crew.resume(r.again, false)
	r.w.crew.resume(r.solo, true)
	clear(r.again)
	clear(r.solo)
	r.again, r.solo = r.again[:0], r.solo[:0]
}

// finish hands back what is left, and forgets the members.
func (r *ride) finish() {
	r.part()
	clear(r.members)
	clear(r.copies)
	clear(r.guards)
	clear(r.merges)
	clear(r.args)
	clear(r.carrier.Statements)
	r.args = r.args[:0]
	r.members, r.order = r.members[:0], r.order[:0]
	r.copies, r.guards, r.merges = r.copies[:0], r.guards[:0], r.merges[:0]
	r.carrier.Statements = r.carrier.Statements[:0]
	r.lease = nil
	r.aboard.Store(0)
}

// release gives every member back to the queue: the connection did not answer.
func (r *ride) release() {
	for i := range r.members {
		m := &r.members[i]
		if m.take() {
			m.op.keep(m.op.disembark())
			r.again = append(r.again, m.op)
		}
	}
}

// alone has a member sent by itself.
func (r *ride) alone(m *member) {
	if m.take() {
		m.op.keep(m.op.disembark())
		r.solo = append(r.solo, m.op)
	} else {
		r.departed(m)
	}
}

// keep unlocks an operation that is going to wait again, so its context stays watched.
func (op *Op) keep(stop func() bool) {
	op.stop = stop
	op.mu.Unlock()
}

// departed counts a member that has left.
func (r *ride) departed(m *member) {
	c := &r.w.counters
	if r.lane == LaneRead {
		bump(&c.canceled, 1)
	} else {
		bump(&c.unknown, 1)
	}
	bump(&c.operations[m.class], 1)
	bump(&c.errors[m.class], 1)
}

// resume puts operations back to the front of the queue, in their order. With solo set
// they are not to share a flight again.
func (c *crew) resume(ops []*Op, solo bool) {
	if len(ops) == 0 {
		return
	}
	p := c.pool
	var ended, closed []*Op
	t := now()
	p.mu.Lock()
	for i := len(ops) - 1; i >= 0; i-- {
		op := ops[i]
		switch {
		case op.ctx.Err() != nil: // nobody may be watching any more
			ended = append(ended, op)
			continue
		case p.dead:
			closed = append(closed, op)
			continue
		}
		if solo {
			op.solo, op.lane = true, LaneNone
			if s := op.Share.Shape; s != nil && p.detours.has(s, op.Share.Key, t) {
				op.lane = laneAside
			}
		}
		op.hold(c)
		op.state.Store(opQueued)
		if op.lane == laneAside {
			c.lanes[laneAside].pushFront(op)
		} else {
			c.first.pushFront(op)
		}
	}
	for range ops {
		c.stir()
	}
	c.arm()
	p.mu.Unlock()
	for _, op := range ended {
		op.unwatch()
		p.reject(op, RejectCanceled, context.Cause(op.ctx))
	}
	for _, op := range closed {
		op.unwatch()
		p.reject(op, RejectClosed, ErrClosed)
	}
}

// unwatch ends the watch over the context of an operation that belongs to the caller.
func (op *Op) unwatch() {
	if op.stop != nil {
		op.stop()
		op.stop = nil
	}
}

// compose makes the flight of those who wait, and counts them: 0 if nobody does.
func (r *ride) compose() int {
	waits := r.collect()
	switch {
	case waits == 0:
		return 0
	case r.lane == LaneWrite && waits == 1, r.rounds > maxRounds:
		r.scatter()
		return 0
	case r.lane == LaneWrite:
		r.sort()
	}
	r.merge()
	r.layOut()
	return waits
}

// collect copies the statements of those who wait, and counts these.
func (r *ride) collect() (waits int) {
	r.copies, r.guards, r.merges, r.order, r.args = r.copies[:0], r.guards[:0], r.merges[:0], r.order[:0], r.args[:0]
	for i := range r.members {
		m := &r.members[i]
		if m.state == memberDone {
			continue
		}
		op := m.op
		op.mu.Lock()
		switch {
		case op.runs.Load() != m.run || op.state.Load() != opShared:
			m.state = memberDone
			op.mu.Unlock()
			r.departed(m)
			continue
		case op.ctx.Err() != nil:
			m.state = memberDone
			stop := op.disembark()
			op.mu.Unlock()
			if stop != nil {
				stop()
			}
			r.w.crew.pool.reject(op, RejectCanceled, context.Cause(op.ctx))
			continue
		}
		m.first, m.n, m.again = len(r.guards), 0, op.retried
		m.merge, m.next = -1, -1
		for j := range op.Statements {
			s := &op.Statements[j]
			if r.lane == LaneWrite && (s.Class == driver.Begin || s.Class == driver.Commit) {
				continue // the group's own
			}
			m.n++
			r.copies = append(r.copies, driver.Statement{SQL: s.SQL, Args: r.own(s.Args), Class: s.Class})
			r.guards = append(r.guards, guard{op: op, run: m.run, sink: s.Sink, member: int32(i)})
		}
		op.mu.Unlock()
		waits++
	}
	return waits
}

// maxRounds is how often what is left of a flight is sent again together.
const maxRounds = 3

// scatter has everybody who waits sent alone.
func (r *ride) scatter() {
	for i := range r.members {
		if m := &r.members[i]; m.state == memberWaits {
			r.alone(m)
		}
	}
}

// own copies arguments that belong to the caller, who may leave and change them while the
// flight is under way.
func (r *ride) own(args []driver.Value) []driver.Value {
	n := len(r.args)
	r.args = append(r.args, args...)
	out := r.args[n:len(r.args):len(r.args)]
	for i := range out {
		switch out[i].Kind() {
		case driver.KindBytes:
			out[i] = driver.Bytes(append([]byte{}, out[i].Bytes()...))
		case driver.KindJSON:
			out[i] = driver.JSON(append([]byte{}, out[i].Bytes()...))
		case driver.KindArray:
			a := out[i].Array()
			if b, ok := a.([][]byte); ok {
				out[i] = driver.Array(ownBytes(b))
				continue
			}
			if r.lane != LaneWrite { // those of reads are made for their statement
				continue
			}
			switch a := a.(type) {
			case []int64:
				out[i] = driver.Array(append([]int64{}, a...))
			case []string:
				out[i] = driver.Array(append([]string{}, a...))
			case [][16]byte:
				out[i] = driver.Array(append([][16]byte{}, a...))
			}
		}
	}
	return out
}

// ownBytes copies keys of bytes, which an array that was made for a statement points to.
func ownBytes(keys [][]byte) [][]byte {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = bytes.Clone(k) // nil is NULL, and stays it
	}
	return out
}

// minFlight is the number of statements of one shape from which a transaction around
// them is less work than one for each.
const minFlight = 4

// layOut puts the statements in their order: those of a merge where its first member is.
func (r *ride) layOut() {
	f := r.w.crew.pool.features.Sharing
	n, mixed, again := 0, false, false
	var shape *Shape
	for i := range r.members {
		m := &r.members[i]
		if m.state == memberDone {
			continue
		}
		again = again || m.again
		if m.merge >= 0 && r.merges[m.merge].first != int32(i) {
			continue
		}
		if m.merge >= 0 {
			n++
		} else {
			n += m.n
		}
		mixed = mixed || shape != nil && shape != m.shape || m.n > 1
		shape = m.shape
	}
	sts := r.carrier.Statements[:0]
	r.prefix = 0
	switch {
	case r.lease != nil: // the owner has a transaction, or none
	case r.lane == LaneWrite:
		sts = append(sts, f.Write(r.hasty)...)
	case n >= minFlight, n > 1 && mixed, again: // see worker.reread
		sts = append(sts, f.Read(r.hasty)...)
	}
	r.prefix = len(sts)
	for i := range r.members {
		m := &r.members[i]
		switch {
		case m.state == memberDone:
		case m.merge < 0:
			for j := m.first; j < m.first+m.n; j++ {
				r.copies[j].Sink = &r.guards[j]
				r.guards[j].place = len(sts)
				sts = append(sts, r.copies[j])
				r.order = append(r.order, int32(j))
			}
		case r.merges[m.merge].first == int32(i):
			r.merges[m.merge].place = len(sts)
			sts = append(sts, r.merges[m.merge].statement())
			r.order = append(r.order, -1-m.merge)
		}
	}
	if r.prefix > 0 {
		sts = append(sts, f.Commit)
	}
	r.carrier.Statements = sts
}
