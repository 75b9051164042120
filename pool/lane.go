package pool

import "time"

// A LanePolicy switches a lane.
type LanePolicy uint8

const (
	// LaneOn has operations share flights where they can. The default.
	LaneOn LanePolicy = iota + 1
	// LaneOff has every operation fly alone.
	LaneOff
)

// A GroupPolicy says which writes of different callers may share one commit.
type GroupPolicy uint8

const (
	// GroupAuto groups writes to tables where nobody can tell: without triggers, rules,
	// deferrable constraints and cascades of their own. The database is asked once for
	// each table, and again whenever a connection was opened. The default.
	GroupAuto GroupPolicy = iota + 1
	// GroupAlways groups writes to any table. Writes of one group share now() and the
	// transaction id, NOTIFYs with the same text become one, and an effect that a trigger
	// has outside the database is repeated when a group is sent again.
	GroupAlways
	// GroupOff gives every write a commit of its own.
	GroupOff
)

const (
	// maxLone is the number of writes in flights of their own beside which no group
	// starts: until then a commit of one's own is quicker.
	maxLone = 4
	// maxMembers bounds the operations of one flight.
	maxMembers = 256
	// maxFlight bounds the arguments of one flight, in bytes.
	maxFlight = 256 << 10
	// maxRows bounds the rows that the reads of one flight have to answer, going by what
	// their shapes answered before.
	maxRows = 32 * manyRows
	// maxTook bounds the time of one flight, going by what its shapes took before: for so
	// long it holds its locks, and whoever waits for one of them (a migration) looks for
	// deadlocks after a second, unless the server is set otherwise. It is the victim if the
	// flight waits for it just then.
	maxTook = 300 * time.Millisecond
)

// laneOf decides which lane op takes.
func (p *Pool) laneOf(op *Op) Lane {
	s := op.Share.Shape
	if s == nil || op.solo || op.Take != nil || op.lease != nil || op.ping || len(op.Statements) == 0 {
		return LaneNone
	}
	if s.Lane >= laneCount || !p.lanes[s.Lane] || !s.fits() {
		return LaneNone
	}
	if s.Lane == LaneWrite {
		p.forgetFacts(op.submitted)
		if s.barred.Load() == p.stamp.Load()+1 {
			return LaneNone
		}
	}
	if f := p.features.Sharing; f != nil && f.Allowed != nil && !f.Allowed() {
		return LaneNone
	}
	if op.weight = op.Weight(); op.weight > maxBytes {
		return LaneNone
	}
	if p.detours.has(s, op.Share.Key, op.submitted) {
		return laneAside
	}
	return s.Lane
}

// openLanes decides which lanes a pool has.
func (p *Pool) openLanes() {
	f := p.features.Sharing
	if f == nil {
		return
	}
	p.lanes[LaneRead] = f.Read != nil && p.cfg.Flights != LaneOff
	p.lanes[LaneWrite] = f.Write != nil && p.cfg.GroupWrites != GroupOff
}

// queueOf is the queue that op waits in. Called with Pool.mu held.
func (c *crew) queueOf(op *Op) *opList {
	switch {
	case op.Continuation:
		return &c.first
	case op.lane != LaneNone:
		return &c.lanes[op.lane]
	default:
		return &c.queue
	}
}

// queues lists all queues, continuations first.
func (c *crew) queues() [2 + laneAside]*opList {
	return [...]*opList{&c.first, &c.queue, &c.lanes[LaneRead], &c.lanes[LaneWrite], &c.lanes[laneAside]}
}

// queued is the number of operations that count against QueueLimit.
func (c *crew) queued() int {
	return c.queue.len + c.lanes[LaneRead].len + c.lanes[LaneWrite].len + c.lanes[laneAside].len
}

// waiting is the number of operations in all queues.
func (c *crew) waiting() int { return c.first.len + c.queued() }

// grouped reports whether writes in the lane have to wait for a commit that is under way.
func (c *crew) grouped() bool { return c.grouping || c.lone >= maxLone }

// eligible is the number of operations that a free worker could take now.
func (c *crew) eligible() int {
	n := c.waiting()
	if c.grouped() {
		n -= c.lanes[LaneWrite].len
	}
	if c.crowded() {
		n -= c.lanes[laneAside].len
	}
	return n
}

// load is the number of flights that wait: what shares one counts once.
func (c *crew) load() int {
	n := c.first.len + c.queue.len + min(c.lanes[laneAside].len, max(0, c.asideLimit()-c.aside))
	for _, l := range c.lanes[1:laneCount] {
		n += (l.len + maxMembers - 1) / maxMembers
	}
	return n
}

// mayClaim reports whether op may start at once on an idle connection.
func (c *crew) mayClaim(op *Op) bool {
	if c.eligible() > 0 || c.gathers(op) || c.probes(op) {
		return false
	}
	switch op.lane {
	case LaneWrite:
		return c.lanes[LaneWrite].len == 0 && !c.grouped()
	case laneAside:
		return c.lanes[laneAside].len == 0 && !c.crowded()
	}
	return true
}

// head is the operation that is served next: the oldest, but continuations first.
func (c *crew) head() *Op {
	if c.first.head != nil {
		return c.first.head
	}
	op := c.queue.head
	if r := c.lanes[LaneRead].head; r != nil && (op == nil || r.order < op.order) {
		op = r
	}
	if w := c.lanes[LaneWrite].head; w != nil && !c.grouped() && (op == nil || w.order < op.order) {
		op = w
	}
	if a := c.lanes[laneAside].head; a != nil && !c.crowded() && (op == nil || a.order < op.order) {
		op = a
	}
	return op
}

// next takes what a worker is to do next out of the queues: an operation, or the flight
// that it shares with what else waits in its lane. t is the time now.
func (c *crew) next(w *worker, t time.Time) *Op {
	op := c.head()
	switch {
	case op == nil:
		return nil
	case op.lane == LaneRead && len(c.idle) == 0, op.lane == LaneWrite:
		if w.gather(op) {
			return &w.ride.carrier
		}
	}
	c.dequeue(op)
	c.begun(w, op, t)
	return op
}

// begun notes that w carries op out alone, from t on.
func (c *crew) begun(w *worker, op *Op, t time.Time) {
	op.state.Store(opRunning)
	op.started, w.since, w.current = t, t, op
	w.kept()
	switch op.lane {
	case LaneWrite:
		w.lone = true
		c.lone++
	case laneAside:
		w.aside = true
		c.aside++
	}
}

// pop takes one operation out of the queues, whichever; nil if they are empty.
func (c *crew) pop() *Op {
	for _, l := range c.queues() {
		if op := l.head; op != nil {
			c.dequeue(op)
			op.state.Store(opRunning)
			return op
		}
	}
	return nil
}

// settled ends what w's last operation meant for the write lane, and for those on a
// detour, and notes whether that lets somebody else start.
func (c *crew) settled(w *worker) {
	if w.aside {
		w.aside = false
		w.unblocked = c.crowded() && c.lanes[laneAside].len > 0
		c.aside--
		return
	}
	if !w.lone && !w.grouping {
		return
	}
	before := c.grouped()
	if w.lone {
		w.lone = false
		c.lone--
	}
	if w.grouping {
		w.grouping, c.grouping = false, false
	}
	w.unblocked = before && !c.grouped() && c.lanes[LaneWrite].len > 0
	c.hurry(w.used)
}

// gather takes op, the head of its lane, and what else waits there, for one flight of w.
// It reports false, and does nothing, if op is alone.
func (w *worker) gather(op *Op) bool {
	c := w.crew
	lane := op.lane
	l := &c.lanes[lane]
	n := l.len
	for f := c.first.head; f != nil && f.lane == lane && n < 2; f = f.next {
		n++
	}
	if n < 2 {
		return false
	}
	r := w.ride
	if r == nil {
		r = newRide(w)
	}
	bytes, rows, took := 0, int64(0), int64(0)
	for _, from := range [...]*opList{&c.first, l} {
		for op := from.head; op != nil && op.lane == lane && len(r.members) < maxMembers; op = from.head {
			bytes += op.weight
			rows += op.Share.Shape.rows.Load()
			took += op.Share.Shape.cost.Load()
			if (bytes > maxFlight || took > int64(maxTook) || rows > maxRows*8 && lane == LaneRead) && len(r.members) > 0 {
				break
			}
			c.unlink(op)
			r.board(op)
		}
	}
	r.lane = lane
	if lane == LaneWrite {
		c.grouping, w.grouping = true, true
	}
	return true
}
