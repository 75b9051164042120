package pool

import (
	"cmp"
	"errors"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Reads of one owner. While the connection of a lease is busy, or its worker wakes up,
// more reads may queue behind each other; they go out in one flight, in their order. Each
// of them can be canceled without the others noticing, and none can tell the difference
// otherwise: what the owner submitted before them was done before, what he submitted
// behind them is done behind, and an error has the effect on the transaction that it would
// have had alone.

// together reports whether op may share a flight with other operations of its owner: it
// does nothing but read, has little to say, and is not known to keep others waiting.
func (c *crew) together(op *Op) bool {
	p := c.pool
	return p.features.RoundTrip && p.cfg.Flights != LaneOff && len(op.Statements) > 0 && !op.ping &&
		(op.Share.Shape == nil || op.Share.Shape.quick()) && op.readOnly() && op.Weight() <= maxBytes
}

// quick reports whether operations of this shape are not known to keep those behind them
// waiting.
func (s *Shape) quick() bool { return s.cost.Load() < int64(slowAfter) && s.rows.Load() < manyRows*8 }

// head is what the owner's connection carries out next; nil: nothing waits. Called with
// Pool.mu held, as is next.
func (l *Lease) head() *Op {
	if l.first.head != nil {
		return l.first.head
	}
	return l.queue.head
}

// next takes what the owner's connection is to carry out from t on: the operation at the
// head, or a flight of that and the reads right behind it. nil: nothing waits.
func (l *Lease) next(t time.Time) *Op {
	op := l.head()
	if op == nil {
		return nil
	}
	c := l.crew
	if !l.pairs() {
		c.dequeue(op)
		l.begun(op, t)
		return op
	}
	w := l.worker
	r := w.ride
	if r == nil {
		r = newRide(w)
	}
	r.lane, r.lease, r.begin = LaneRead, l, t
	r.carrier.interrupt.reset()
	for bytes := 0; op != nil && op.together && len(r.members) < maxMembers; op = l.head() {
		if bytes += op.Weight(); bytes > maxFlight {
			break
		}
		c.unlink(op)
		r.board(op)
	}
	l.busy, w.current = true, &r.carrier
	return &r.carrier
}

// pairs reports whether the two operations at the head may share a flight.
func (l *Lease) pairs() bool {
	op := l.head()
	next := op.next
	if next == nil && op.list == &l.first {
		next = l.queue.head
	}
	return op.together && next != nil && next.together
}

// spares has a member of an owner's flight leave unless it is the last aboard. What is
// under way on the connection may be that member's statement, and the owner must not
// take the transaction for sound while it is being interrupted; so the last one stays
// for the truth.
func (r *ride) spares() bool {
	for {
		n := r.aboard.Load()
		if n <= 1 {
			return false
		}
		if r.aboard.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// flyLeased carries a flight of an owner's reads out. It is sent once: the connection is
// the owner's, with all that was done on it.
func (w *worker) flyLeased() {
	r := w.ride
	p := w.crew.pool
	l, size := r.lease, len(r.members)
	r.rounds, r.lost = 0, nil
	if r.collect() == 0 {
		r.finish()
		return
	}
	r.layOut()
	sts := r.carrier.Statements
	err := w.conn.Fly((*runContext)(&r.carrier), &r.carrier.Flight)
	w.used = now()
	w.took = max(1, w.used.Sub(r.begin))
	if w.rtt == 0 || w.took < w.rtt {
		w.rtt = w.took
	}
	r.carrier.interrupt.release()
	err = r.carrier.explain(err)
	p.echo.statements(&r.carrier, w.took)
	bump(&w.counters.flights, 1)
	bump(&w.counters.statements, uint64(len(sts)))
	w.counters.shared[LaneRead].observe(size)
	if r.carrier.interrupt.fired() {
		blameFirst(sts)
	}
	w.suspect(&r.carrier, err)
	l.note(w, cmp.Or(err, r.carrier.Flight.Err()))
	each := (w.took - w.rtt) / time.Duration(len(r.order))
	for i := range r.members {
		m := &r.members[i]
		if s := m.shape; s != nil && m.state == memberWaits {
			if st := &sts[r.guards[m.first].place]; st.Err == nil {
				s.ran(each, st.Affected)
			}
		}
		r.deliver(m, err)
	}
	r.finish()
}

// blameFirst gives the statements behind an interrupted one its error. It may have been
// that of a member that has left; the one who waits has to know that its own cancel is
// why the transaction failed.
func blameFirst(sts []driver.Statement) {
	var first error
	for i := range sts {
		switch {
		case first == nil:
			first = sts[i].Err
		case errors.Is(sts[i].Err, driver.ErrTxAborted):
			sts[i].Err = first
		}
	}
}
