package pool

import (
	"context"
	"errors"
	"maps"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Stats returns a snapshot. Counters that workers keep are read without stopping them,
// so two of them may be one operation apart.
func (p *Pool) Stats() Stats {
	t := now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Name: p.cfg.Name, Backend: p.features.Name,
		Size: p.cfg.Size, Overflow: p.cfg.Overflow, QueueLimit: p.cfg.QueueLimit,
		Timeout: p.cfg.Timeout, Recycle: p.cfg.Recycle,
		Leased: len(p.leases), Generation: p.generation.Load(), Up: true, Closed: p.closing,
		Submitted: p.base.submitted, Rejected: maps.Clone(p.base.rejected),
		Connects: p.base.connects, ConnectErrors: p.base.connectErrors, Closes: maps.Clone(p.base.closes),
		Leases: p.base.leases, Leaks: p.base.leaks, Deadlocks: p.base.deadlocks, Repeats: p.base.repeats,
	}
	if p.features.MaxConnections != nil {
		s.ServerMax = p.features.MaxConnections()
	}
	p.base.addTo(&s)
	p.base.connect.addTo(&s.Connect)
	p.base.lease.addTo(&s.Lease)
	for _, c := range p.crews() {
		s.Up = s.Up && c.failures == 0
		s.Idle += len(c.idle)
		s.Used += len(c.all) - len(c.idle)
		s.Opening += c.opening
		s.Draining += c.draining
		s.Waiting += c.waiting()
		s.OldestWait = max(s.OldestWait, c.oldest(t))
		for _, w := range c.all {
			w.counters.addTo(&s)
			if w.current != nil {
				s.Running++
			}
		}
	}
	if l := p.oldestLease(); l != nil {
		s.OldestLease, s.OldestLeaseLabel = t.Sub(l.since), l.label
	}
	return s
}

// oldestLease is the owner that holds its connection for longest. Called with Pool.mu
// held.
func (p *Pool) oldestLease() (oldest *Lease) {
	for _, l := range p.leases {
		if oldest == nil || l.since.Before(oldest.since) {
			oldest = l
		}
	}
	return oldest
}

func (c *counters) addTo(s *Stats) {
	s.OK += c.ok.Load()
	s.Failed += c.failed.Load()
	s.Canceled += c.canceled.Load()
	s.Unknown += c.unknown.Load()
	s.Flights += c.flights.Load()
	s.Statements += c.statements.Load()
	s.Commits += c.commits.Load()
	s.Rollbacks += c.rollbacks.Load()
	s.RowsRead += c.rowsRead.Load()
	s.RowsAffected += c.rowsAffected.Load()
	s.Pings += c.pings.Load()
	s.PingErrors += c.pingErrors.Load()
	s.Resets += c.resets.Load()
	s.ResetErrors += c.resetErrors.Load()
	s.Merged += c.merged.Load()
	s.Resends += c.resends.Load()
	s.SoloShapes += c.soloShapes.Load()
	c.shared[LaneRead].addTo(&s.SharedReads)
	c.shared[LaneWrite].addTo(&s.SharedWrites)
	for i := range driver.Classes {
		s.Operations[i] += c.operations[i].Load()
		s.Errors[i] += c.errors[i].Load()
	}
	c.wait.addTo(&s.Wait)
	c.execution.addTo(&s.Execution)
	c.duration.addTo(&s.Duration)
}

// stateError describes why op was not started. Called with Pool.mu held.
func (p *Pool) stateError(c *crew, op *Op, reason error) error {
	t := now()
	e := &StateError{
		Pool: p.cfg.Name, Reason: reason, Waited: t.Sub(op.submitted),
		Size: c.size, Overflow: c.overflow,
		Used: len(c.all) - len(c.idle), Idle: len(c.idle), Opening: c.opening, Waiting: c.waiting(),
	}
	if reason == nil {
		e.Reason = context.Canceled
	}
	switch reason {
	case ErrTimeout:
		e.Limit = p.cfg.Timeout
		if p.cfg.Timeout == NoWait {
			e.Limit = "no wait"
		}
	case ErrQueueFull:
		e.Limit = p.cfg.QueueLimit
	}
	for _, l := range p.leases {
		if l.crew == c && t.Sub(l.since) > e.Oldest {
			e.Oldest, e.OldestLabel = t.Sub(l.since), l.label
		}
	}
	if c.lastErr != nil && !errors.Is(reason, c.lastErr) {
		e.Cause = c.lastErr
	}
	return e
}
