package pool

import "time"

// Waking a worker for an operation costs more than handing it over, and is for nothing
// when the caller waits for the operation at once and lends its goroutine. So a crew
// learns whether that is so: after many operations in a row that were carried out by who
// waited for them, an operation that meets an empty queue and an idle connection wakes
// nobody. If nobody has come after a moment, a worker is woken, and the crew has to learn
// anew.

const (
	// trustAfter is how many waiters must have come.
	trustAfter = 32
	// trustFor is how long an operation waits for its waiter.
	trustFor = 200 * time.Microsecond
)

// trusts reports whether a waiter is going to come for an operation, the only one of the
// queue; t is the time now. Called with Pool.mu held, as are all here.
func (c *crew) trusts(t time.Time) bool {
	if c.lent < trustAfter || len(c.idle) == 0 {
		return false
	}
	c.nudge.by(t.Add(trustFor), t)
	return true
}

// cameFor notes that a waiter has come.
func (c *crew) cameFor() { c.lent = min(c.lent+1, 2*trustAfter) }

// nobodyCame notes that a worker was faster.
func (c *crew) nobodyCame() { c.lent = max(c.lent-2, 0) }

// nudged wakes a worker for what nobody has come for.
func (c *crew) nudged() {
	p := c.pool
	p.mu.Lock()
	c.nudge.rang()
	if p.dead {
		p.mu.Unlock()
		return
	}
	t := now()
	if head := c.head(); head != nil && head.unwatched {
		if d := trustFor - t.Sub(head.submitted); d > 0 { // the alarm was set for an earlier one
			c.nudge.by(t.Add(d), t)
			p.mu.Unlock()
			return
		}
		c.lent = 0
	}
	behind := c.relieve(t)
	c.stir()
	c.attend()
	if c.looks && c.eligible() > 0 { // that may not be enough
		c.nudge.by(t.Add(patience), t)
	}
	p.mu.Unlock()
	c.resume(behind, false)
}
