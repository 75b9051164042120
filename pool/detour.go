package pool

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Detours. What waited for a lock in vain in a shared flight made the others wait with it,
// and so would the next one: a migration has the table, or somebody's transaction a row. So
// operations on that table, or row, go alone for a moment. They wait for the lock on a
// connection, which must not become all of them: at most half are lent to them, and the
// rest of them waits in a queue of its own.

const (
	// detourFor is how long operations go alone after one of them has waited in vain.
	detourFor = time.Second
	// maxDetours bounds what is remembered. What is forgotten waits in vain once more.
	maxDetours = 256
	// laneAside is the queue of operations that are on a detour. It is no lane.
	laneAside = laneCount
)

// A detour is what operations have in common that go alone: the shape of reads, whose
// tables nobody knows, or the table of writes, or a row of it.
type detour struct {
	shape      *Shape
	table, key string
}

// detours are those of a pool.
type detours struct {
	n  atomic.Int32
	mu sync.Mutex
	// until, all of them, and n is how many.
	until map[detour]time.Time
}

// add has operations like one go alone from t on, of which the statement at a place met a
// lock. With row set it was one row that was locked.
func (d *detours) add(s *Shape, at int, key driver.Value, row bool, t time.Time) {
	what := detour{table: s.table(at)}
	switch {
	case s.Lane == LaneRead:
		what = detour{shape: s}
	case row && (at > 0 || key.Kind() == driver.KindNull):
		return // nobody can tell which
	case row:
		what.key = rowName(key)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.until == nil {
		d.until = map[detour]time.Time{}
	}
	if len(d.until) >= maxDetours {
		for old, until := range d.until {
			if !t.Before(until) {
				delete(d.until, old)
			}
		}
	}
	if len(d.until) < maxDetours {
		d.until[what] = t.Add(detourFor)
	}
	d.n.Store(int32(len(d.until)))
}

// has reports whether an operation goes alone at t.
func (d *detours) has(s *Shape, key driver.Value, t time.Time) bool {
	if d.n.Load() == 0 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.Lane == LaneRead {
		return d.on(detour{shape: s}, t)
	}
	for _, c := range s.Changes {
		if d.on(detour{table: c.Table}, t) {
			return true
		}
	}
	return key.Kind() != driver.KindNull && d.on(detour{table: s.table(0), key: rowName(key)}, t)
}

func (d *detours) on(what detour, t time.Time) bool {
	until, ok := d.until[what]
	if ok && !t.Before(until) {
		delete(d.until, what)
		d.n.Store(int32(len(d.until)))
		ok = false
	}
	return ok
}

// rowName tells keys of one table apart.
func rowName(key driver.Value) string {
	switch key.Kind() {
	case driver.KindText, driver.KindBytes, driver.KindJSON, driver.KindUUID:
		return "=" + keyBytes(key)
	}
	return "=" + fmt.Sprint(key.Any())
}

// asideLimit is how many connections operations on a detour may have.
func (c *crew) asideLimit() int { return max(1, c.limit()/2) }

// crowded reports whether operations on a detour have to wait for each other.
func (c *crew) crowded() bool { return c.aside >= c.asideLimit() }

// stepAside has the members sent alone that are on a detour.
func (r *ride) stepAside() {
	d := &r.w.crew.pool.detours
	if d.n.Load() == 0 {
		return
	}
	t := now()
	for i := range r.members {
		if m := &r.members[i]; m.state == memberWaits && d.has(m.shape, m.key, t) {
			r.alone(m)
		}
	}
}

// lonePatience is how long a write that flies alone keeps groups from starting. One that
// takes longer waits for a lock.
const lonePatience = 50 * time.Millisecond

// hurry has the alarm look after writes that keep others of their lane waiting. Called
// with Pool.mu held.
func (c *crew) hurry(t time.Time) {
	if c.lone < maxLone || c.lanes[LaneWrite].len == 0 {
		return
	}
	oldest := t
	for _, w := range c.all {
		if w.lone && w.since.Before(oldest) {
			oldest = w.since
		}
	}
	c.lapse.by(oldest.Add(lonePatience), t)
}

// lapsed counts writes no longer that have flown alone for too long, by its alarm.
func (c *crew) lapsed() {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	c.lapse.rang()
	t := now()
	for _, w := range c.all {
		if w.lone && t.Sub(w.since) >= lonePatience {
			w.lone = false
			c.lone--
		}
	}
	c.hurry(t)
	c.stir()
}
