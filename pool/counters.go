package pool

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// counters is what a worker counts. Only whoever drives the worker writes, so counting
// takes plain loads and stores, no lock and no shared cache line; Stats may read at any
// time.
type counters struct {
	ok, failed, canceled, unknown           atomic.Uint64
	flights, statements, commits, rollbacks atomic.Uint64
	rowsRead, rowsAffected                  atomic.Uint64
	pings, pingErrors, resets, resetErrors  atomic.Uint64
	merged, resends, soloShapes             atomic.Uint64
	operations, errors                      [driver.Classes]atomic.Uint64
	shared                                  [laneCount]sizes
	wait, execution, duration               recorder
}

// count adds an operation that was carried out.
func (c *counters) count(op *Op, err error, end time.Time) {
	class := op.class()
	bump(&c.operations[class], 1)
	for i := range op.Statements {
		s := &op.Statements[i]
		if s.Err != nil {
			if err == nil {
				err = s.Err
			}
			continue
		}
		switch s.Class {
		case driver.Read:
			bump(&c.rowsRead, uint64(max(0, s.Affected)))
		case driver.Write:
			bump(&c.rowsAffected, uint64(max(0, s.Affected)))
		case driver.Commit:
			bump(&c.commits, 1)
		case driver.Rollback:
			bump(&c.rollbacks, 1)
		}
	}
	switch {
	case err == nil:
		bump(&c.ok, 1)
	case errors.Is(err, driver.ErrOutcomeUnknown):
		bump(&c.unknown, 1)
	case errors.Is(err, driver.ErrCanceled), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		bump(&c.canceled, 1)
	default:
		bump(&c.failed, 1)
	}
	if err != nil {
		bump(&c.errors[class], 1)
	}
	c.wait.observe(op.started.Sub(op.submitted))
	c.execution.observe(end.Sub(op.started))
	c.duration.observe(end.Sub(op.submitted))
}

// ledger is what the pool itself counts and what workers counted that are gone. Guarded
// by Pool.mu.
type ledger struct {
	counters
	submitted, connects, connectErrors uint64
	leases, leaks, deadlocks, repeats  uint64
	rejected                           map[RejectReason]uint64
	closes                             map[CloseReason]uint64
	connect, lease                     recorder
}

func newLedger() ledger {
	return ledger{rejected: map[RejectReason]uint64{}, closes: map[CloseReason]uint64{}}
}

// fold adds the counters of a worker that is gone.
func (l *ledger) fold(c *counters) {
	to, from := l.counters.all(), c.all()
	for i := range to {
		bump(to[i], from[i].Load())
	}
	l.wait.fold(&c.wait)
	l.execution.fold(&c.execution)
	l.duration.fold(&c.duration)
}

// all lists the plain counters.
func (c *counters) all() []*atomic.Uint64 {
	out := []*atomic.Uint64{
		&c.ok, &c.failed, &c.canceled, &c.unknown,
		&c.flights, &c.statements, &c.commits, &c.rollbacks,
		&c.rowsRead, &c.rowsAffected, &c.pings, &c.pingErrors, &c.resets, &c.resetErrors,
		&c.merged, &c.resends, &c.soloShapes,
	}
	for i := range c.operations {
		out = append(out, &c.operations[i], &c.errors[i])
	}
	for i := range c.shared {
		out = append(out, c.shared[i].all()...)
	}
	return out
}

func (r *recorder) fold(o *recorder) {
	bump(&r.count, o.count.Load())
	bump(&r.sum, o.sum.Load())
	for i := range r.counts {
		bump(&r.counts[i], o.counts[i].Load())
	}
}
