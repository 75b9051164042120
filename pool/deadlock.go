package pool

import "context"

// leaseKey finds the innermost lease of a pool in a context.
type leaseKey struct{ pool *Pool }

func leaseFrom(ctx context.Context, p *Pool) *Lease {
	l, _ := ctx.Value(leaseKey{p}).(*Lease)
	return l
}

// hold notes that the owners on whose behalf op was submitted wait in c's queue. Called
// with Pool.mu held.
func (op *Op) hold(c *crew) {
	op.holders = leaseFrom(op.ctx, c.pool)
	for l := op.holders; l != nil; l = l.parent {
		l.waits++
		l.waitsOn = c
	}
}

func (op *Op) unhold() {
	for l := op.holders; l != nil; l = l.parent {
		l.waits--
	}
	op.holders = nil
}

// deadlocked reports whether op, just added, can never start: every connection of its
// crew belongs to an owner that itself waits for a crew of which the same is true. It is
// the greatest set of leases that wait only for each other; one owner that still runs
// takes its crew out of it, so 30 transactions that each need a second connection for a
// moment are no deadlock while one of them gets on. Called with Pool.mu held.
func (p *Pool) deadlocked(op *Op) bool {
	stuck := make(map[*Lease]bool, len(p.leases))
	for _, l := range p.leases {
		if l.waits > 0 {
			stuck[l] = true
		}
	}
	blocked := func(c *crew) bool {
		n := 0
		for l := range stuck {
			if l.crew == c {
				n++
			}
		}
		return n >= c.limit()
	}
	for changed := true; changed; {
		changed = false
		for l := range stuck {
			if !blocked(l.waitsOn) {
				delete(stuck, l)
				changed = true
			}
		}
	}
	return stuck[op.holders]
}
