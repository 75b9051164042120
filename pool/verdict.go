package pool

import (
	"errors"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// abandon ends a round whose connection was lost with err. Reads go to another
// connection, once; of a write nobody knows what became of it, unless the driver does.
func (r *ride) abandon(err error) {
	r.lost = err
	w := r.w
	w.suspect(&r.carrier, err)
	lost := errors.Is(err, driver.ErrConnectionLost) && !r.carrier.interrupt.fired()
	for i := range r.members {
		m := &r.members[i]
		switch {
		case m.state == memberDone:
		case r.lane == LaneWrite && r.carrier.Statements[len(r.carrier.Statements)-1].Err == nil:
			r.deliver(m, nil) // the commit was confirmed before
		case r.lane == LaneRead && lost && !m.op.retried:
			if !m.take() {
				r.departed(m)
				continue
			}
			m.op.retried = true
			m.op.keep(m.op.disembark())
			r.again = append(r.again, m.op)
		default:
			r.deliver(m, err)
		}
	}
}

// judge looks at the answers of a round: it ends the members that have theirs for good,
// has the one that spoiled the flight sent alone, and leaves the others waiting.
func (r *ride) judge() {
	sts := r.carrier.Statements
	bad := -1
	if r.prefix > 0 && !r.carrier.interrupt.fired() {
		for k := range sts {
			if sts[k].Err == nil {
				continue
			}
			if g := r.guardOf(k); g != nil && g.err != nil {
				continue // its sink's own affair
			}
			bad = k
			break
		}
	}
	last := len(sts) - 1
	if r.lane == LaneWrite && bad < 0 && sts[last].Err != nil { // interrupted
		for k := range sts {
			if sts[k].Err == nil {
				sts[k].Err = sts[last].Err
			}
		}
	}
	switch {
	case bad < 0: // all went well, or each statement stands for itself
		r.deliverAll(last+1, true)
	case bad < r.prefix, bad == last && r.lane == LaneWrite:
		// The transaction did not begin, or its commit failed and nobody is to blame.
		r.scatter()
	case bad == last: // the answers of reads stand, whatever becomes of their COMMIT
		r.deliverAll(last, true)
	default:
		if r.lane == LaneRead {
			r.deliverAll(bad, false)
		}
		r.blame(bad)
	}
}

// guardOf returns the guard of the flight's statement k, nil if it is none of one member.
func (r *ride) guardOf(k int) *guard {
	if k -= r.prefix; k < 0 || k >= len(r.order) || r.order[k] < 0 {
		return nil
	}
	return &r.guards[r.order[k]]
}

// blame has the operation of statement k sent alone.
func (r *ride) blame(k int) {
	w := r.w
	err := r.carrier.Statements[k].Err
	o := r.order[k-r.prefix]
	if o < 0 {
		r.unmerge(&r.merges[-1-o], err)
		return
	}
	m := &r.members[r.guards[o].member]
	readOnly := errors.Is(err, driver.ErrReadOnly)
	switch {
	case readOnly && r.lane == LaneRead:
		// What looks like a SELECT writes: a view or a function does.
		if m.shape.leave() {
			bump(&w.counters.soloShapes, 1)
		}
	case readOnly: // the server has changed its role
		r.scatter()
		w.crew.pool.log(evReadOnly, "err", err)
		w.demoted = true
		w.crew.pool.invalidate(w)
		return
	case errors.Is(err, driver.ErrLockTimeout):
		r.blocked(m, int(o)-m.first, err)
	default:
		r.spoiled(m.shape)
	}
	if m.state == memberWaits {
		r.alone(m)
	}
}

// blocked has all members that want what the statement of m at a place waited for in vain
// sent alone, for a moment those that come later too, and the rest of the flight without
// much patience: it has waited once.
func (r *ride) blocked(m *member, at int, err error) {
	var e *driver.Error
	row := errors.As(err, &e) && e.Table != ""
	r.w.crew.pool.detours.add(m.shape, at, m.key, row, now())
	r.hasty = true
	r.stepAside()
}

// spoiled notes that a shape spoiled a flight.
func (r *ride) spoiled(s *Shape) {
	if s.failed() {
		bump(&r.w.counters.soloShapes, 1)
	}
}

// unmerge has the members of a merge that failed asked for one by one.
func (r *ride) unmerge(g *merge, err error) {
	if errors.Is(err, driver.ErrReadOnly) {
		if g.shape.leave() {
			bump(&r.w.counters.soloShapes, 1)
		}
	} else if errors.Is(err, driver.ErrLockTimeout) {
		r.blocked(&r.members[g.first], 0, err)
		return
	} else {
		r.spoiled(g.shape)
	}
	for i := g.first; i >= 0; i = r.members[i].next {
		r.members[i].plain = true
	}
}

// deliverAll ends the members whose statements all stand before statement end. With
// whole set a merge that went wrong is asked for again, one by one; else it is the one
// to blame, or behind it.
func (r *ride) deliverAll(end int, whole bool) {
	end -= r.prefix
	for k := 0; k < end && k < len(r.order); k++ {
		o := r.order[k]
		if o < 0 {
			g := &r.merges[-1-o]
			err := r.carrier.Statements[r.prefix+k].Err
			if g.stray || err != nil && !r.carrier.interrupt.fired() {
				r.unmerge(g, err)
				continue
			}
			bump(&r.w.counters.merged, uint64(g.count))
			for i := g.first; i >= 0; i = r.members[i].next {
				r.deliver(&r.members[i], nil)
			}
			continue
		}
		m := &r.members[r.guards[o].member]
		// An operation of several statements ends with the last of them.
		if int(o) == m.first+m.n-1 {
			r.deliver(m, nil)
		}
	}
}

// deliver ends a member with the answers of this round; err is the end of the operation
// as a whole.
func (r *ride) deliver(m *member, err error) {
	if m.state == memberDone {
		return
	}
	if !m.take() {
		r.departed(m)
		return
	}
	op := m.op
	stop := op.disembark()
	at := -1
	if m.merge < 0 {
		at = r.guards[m.first].place
	}
	j := 0
	for i := range op.Statements {
		s := &op.Statements[i]
		s.Affected, s.Err = 0, nil
		switch {
		case r.lane == LaneWrite && (s.Class == driver.Begin || s.Class == driver.Commit):
			s.Err = err
		case at >= 0:
			from := &r.carrier.Statements[at+j]
			s.Affected, s.Err = from.Affected, from.Err
			j++
		default:
			g := &r.guards[m.first]
			s.Affected, s.Err = g.rows, g.err
			if e := r.carrier.Statements[r.merges[m.merge].place].Err; e != nil {
				s.Affected, s.Err = 0, e
			}
		}
	}
	op.mu.Unlock()
	if stop != nil {
		stop()
	}
	if err != nil {
		err = op.doubt(err)
	}
	op.started = r.begin
	c := &r.w.counters
	c.count(op, err, r.w.used)
	op.end(err)
}

// measure notes what the statements of a round took: from one answer to the next.
func (r *ride) measure(sent time.Time) {
	prev := sent.Add(r.w.rtt)
	var took time.Duration // of a member's statements
	var rows int64
	for k, o := range r.order {
		if r.carrier.Statements[r.prefix+k].Err != nil {
			return
		}
		if o < 0 {
			g := &r.merges[-1-o]
			if took := g.at.Sub(prev); !g.at.IsZero() {
				rows := g.rows / int64(g.count)
				if g.rows > maxRows { // whoever had the most of them should not have shared
					rows = g.most()
				}
				g.shape.ran(took/time.Duration(g.count), rows)
				prev = g.last64
			}
			continue
		}
		g := &r.guards[o]
		if g.at.IsZero() {
			continue
		}
		m := &r.members[g.member]
		if int(o) == m.first {
			took, rows = 0, 0
		}
		took, rows, prev = took+g.at.Sub(prev), rows+g.rows, g.last
		if int(o) == m.first+m.n-1 {
			m.shape.ran(took, rows)
		}
	}
}
