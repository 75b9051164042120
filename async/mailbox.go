package async

import (
	"context"
	"sync"

	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// maxQueued bounds the verbs that wait in one session; one more fails with
// pool.ErrQueueFull. What Add and Delete mark is not counted: it is the caller's memory
// either way.
const maxQueued = 10_000

// A mailbox decides who has a session's unit of work, in the order of submission. One
// goroutine at a time runs it: it begins jobs and concludes them, and is the only one to
// touch the unit. It is that of a caller whose job can begin at once, that of a waiter
// that lent itself, or one started for it; never a worker of the pool. When nothing can
// begin or be concluded, nobody runs the mailbox: the operations under way need no
// goroutine.
//
// Reads run beside each other; where the unit has a connection of its own, they queue for
// it and go out together. Everything else waits for what was begun and lets nothing begin
// until it is concluded.
type mailbox struct {
	mu       sync.Mutex // held for list operations only
	queued   jobList
	flying   jobList
	over     jobList
	verbs    int  // in queued
	together int  // shared reads that are not concluded
	alone    bool // a job that runs alone is not concluded
	running  bool // somebody runs the mailbox
	closed   bool
	idle     chan struct{} // made by close, closed when nothing is left
}

// submit takes a job in. If it can begin at once it has begun when submit returns.
func (m *mailbox) submit(j *job) {
	m.mu.Lock()
	switch {
	case m.closed:
		m.refuse(j, models.ErrSessionClosed) // unlocks
		return
	case j.kind != marking && m.verbs >= maxQueued:
		m.refuse(j, pool.ErrQueueFull) // unlocks
		return
	}
	m.queued.push(j)
	if j.kind != marking {
		m.verbs++
	}
	run := !m.running
	m.running = true
	m.mu.Unlock()
	if run {
		// What is to be concluded may be user code of others: not in this goroutine.
		m.run(func(conclude bool) bool { return conclude || j.state != jobQueued })
	}
	if j.ctx == nil || j.ctx.Done() == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if j.state == jobQueued {
		j.unwatch = context.AfterFunc(j.ctx, func() { m.withdraw(j, context.Cause(j.ctx)) })
	}
}

// refuse ends a job that was not queued. It is called with mu held and gives it back.
func (m *mailbox) refuse(j *job, reason error) {
	j.state = jobGone
	m.mu.Unlock()
	j.work.refuse(reason)
}

// withdraw takes a queued job out and reports whether it still was queued; then it is
// guaranteed not to begin.
func (m *mailbox) withdraw(j *job, reason error) bool {
	m.mu.Lock()
	if j.state != jobQueued {
		m.mu.Unlock()
		return false
	}
	m.dequeue(j)
	j.state = jobGone
	m.wake(nil) // what waited for it may begin
	j.work.refuse(reason)
	return true
}

// dequeue takes j out of the queue; mu is held.
func (m *mailbox) dequeue(j *job) {
	j.remove()
	if j.kind != marking {
		m.verbs--
	}
	if j.unwatch != nil {
		j.unwatch()
		j.unwatch = nil
	}
}

// wake has somebody run the mailbox if there is something to do: the caller, if it lent
// itself for a job and until that is done, else a goroutine. Called with mu held; it
// unlocks.
func (m *mailbox) wake(lent *job) {
	if m.running { // and whoever does will see it
		m.mu.Unlock()
		return
	}
	next, _ := m.next()
	m.running = next != nil
	m.mu.Unlock()
	switch {
	case next == nil:
	case lent != nil:
		m.run(func(bool) bool { return lent.state == jobGone })
	default:
		go m.run(nil)
	}
}

// ended takes a job whose operations have ended.
func (m *mailbox) ended(j *job, lent bool) {
	m.mu.Lock()
	j.move(&m.over, jobOver)
	if !lent {
		j = nil
	}
	m.wake(j)
}

// next is what can be done: a job to conclude or to begin. mu is held.
func (m *mailbox) next() (j *job, conclude bool) {
	if j = m.over.head; j != nil {
		return j, true
	}
	j = m.queued.head
	switch {
	case j == nil, m.alone:
		return nil, false
	case j.kind == changing && m.together > 0:
		return nil, false
	}
	return j, false
}

// run does what can be done until there is nothing, or until the caller has enough; then
// a goroutine does the rest. The caller has set running. enough is called with mu held
// and learns whether a job would be concluded next.
func (m *mailbox) run(enough func(conclude bool) bool) {
	done := false
	defer func() {
		if !done { // user code has ended this goroutine
			go m.run(nil)
		}
	}()
	for {
		m.mu.Lock()
		j, conclude := m.next()
		if j == nil {
			m.running, done = false, true
			if m.idle != nil && m.flying.len == 0 {
				close(m.idle)
				m.idle = nil
			}
			m.mu.Unlock()
			return
		}
		if enough != nil && enough(conclude) {
			done = true
			m.mu.Unlock()
			go m.run(nil)
			return
		}
		if conclude {
			j.move(nil, jobOver)
			m.mu.Unlock()
			m.conclude(j)
		} else {
			m.begin(j)
		}
	}
}

// begin begins a queued job. It is called with mu held and gives it back.
func (m *mailbox) begin(j *job) {
	m.dequeue(j)
	switch {
	case j.kind == marking:
		j.state = jobGone
		m.mu.Unlock()
		j.work.begin()
		return
	case j.kind == reading:
		j.shared = true
		m.together++
	default:
		m.alone = true
	}
	j.move(&m.flying, jobFlying)
	m.mu.Unlock()
	j.work.begin()
}

// conclude concludes a job and lets others begin.
func (m *mailbox) conclude(j *job) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		j.state = jobGone
		if j.shared {
			m.together--
		} else {
			m.alone = false
		}
	}()
	j.work.conclude()
}

// close takes no more jobs, refuses what is queued and cancels what is under way. When
// that is concluded idle is closed; from then on the unit belongs to the caller. It
// reports false if the mailbox was closed before.
func (m *mailbox) close() (idle <-chan struct{}, first bool) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, false
	}
	m.closed = true
	var queued, flying []*job
	for j := m.queued.head; j != nil; j = m.queued.head {
		m.dequeue(j)
		j.state = jobGone
		queued = append(queued, j)
	}
	for j := m.flying.head; j != nil; j = j.next {
		flying = append(flying, j)
	}
	end := make(chan struct{})
	if m.running || m.flying.len > 0 || m.over.len > 0 {
		m.idle = end
	} else {
		close(end)
	}
	m.mu.Unlock()
	for _, j := range queued {
		j.work.refuse(models.ErrSessionClosed)
	}
	for _, j := range flying {
		j.work.stop(models.ErrSessionClosed)
	}
	return end, true
}
