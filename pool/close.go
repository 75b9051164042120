package pool

import (
	"context"
	"fmt"
)

// Close stops the intake: what is submitted from now on fails with [ErrClosed], except
// the next steps of what already began. It lets queued work run and owners finish until
// ctx ends; then it fails what still waits, interrupts what runs and closes every
// connection. When it returns no goroutine and no connection of the pool is left, except
// a connection that does not close within DrainTimeout. The error tells what was
// abandoned. A second Close waits for the first and returns nil.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	first := !p.closing
	p.closing = true
	if first {
		p.changed = make(chan struct{})
	}
	p.mu.Unlock()
	if !first {
		return p.until(ctx, p.gone)
	}
	_ = p.until(ctx, p.drained) // whichever comes first
	abandoned := p.tearDown()
	bound, cancel := context.WithTimeout(context.Background(), 2*p.cfg.DrainTimeout)
	defer cancel()
	if p.until(bound, p.gone) != nil {
		p.hardClose()
		last, cancel := context.WithTimeout(context.Background(), p.cfg.DrainTimeout)
		defer cancel()
		_ = p.until(last, p.gone) // nothing harder is left to try
	}
	err := p.connector.Close()
	p.log(evPoolClosed, "abandoned", abandoned)
	if abandoned > 0 {
		return fmt.Errorf("pool %q: closed with %d operations and owners unfinished", p.cfg.Name, abandoned)
	}
	return err
}

// drained: no work is left and none can come. Called with Pool.mu held.
func (p *Pool) drained() bool {
	for _, c := range p.crews() {
		if c.waiting() > 0 || len(c.idle) < len(c.all) || c.opening > 0 {
			return false
		}
	}
	return true
}

// gone: no connection is left. Called with Pool.mu held.
func (p *Pool) gone() bool {
	for _, c := range p.crews() {
		if len(c.all) > 0 || c.opening > 0 || c.draining > 0 {
			return false
		}
	}
	return true
}

// until waits for a state, looking again at each notify.
func (p *Pool) until(ctx context.Context, reached func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := reached(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// notify lets until look again. Called with Pool.mu held.
func (p *Pool) notify() {
	if p.closing {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// tearDown ends everything and counts what was not finished.
func (p *Pool) tearDown() (abandoned int) {
	p.mu.Lock()
	p.dead = true
	var ops, running []*Op
	var workers []*worker
	for _, c := range p.crews() {
		for op := c.pop(); op != nil; op = c.pop() {
			ops = append(ops, op)
		}
		for _, w := range c.idle {
			w.idle = false
			workers = append(workers, w)
		}
		c.idle = nil
		for _, w := range c.all {
			if w.current != nil {
				running = append(running, w.current)
			}
		}
		c.nudge.stop()
		c.lapse.stop()
		c.expiry.stop()
		c.growth.stop()
		c.keeper.stop()
	}
	for _, l := range append([]*Lease(nil), p.leases...) {
		ops = append(ops, l.drop()...)
		abandoned++
		if !l.busy { // a busy one is let go by settleLease
			workers = append(workers, l.worker)
			l.detach()
		}
	}
	abandoned += len(ops)
	for _, op := range running {
		if op.lease == nil {
			abandoned++
		}
		op.interrupt.fire(ErrClosed)
	}
	p.mu.Unlock()
	p.stop(ErrClosed)
	for _, op := range ops {
		p.reject(op, RejectClosed, ErrClosed)
	}
	for _, w := range workers {
		w.retire(CloseShutdown)
	}
	return abandoned
}

// hardClose closes the connections of operations that did not end when interrupted.
func (p *Pool) hardClose() {
	p.mu.Lock()
	var left []*worker
	for _, c := range p.crews() {
		left = append(left, c.all...)
	}
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no time for politeness
	for _, w := range left {
		go func() { _ = w.conn.Close(ctx) }()
	}
}
