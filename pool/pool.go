package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Pool is a bounded set of workers, each with one connection, that carry out
// operations from one queue. It is safe for concurrent use.
type Pool struct {
	connector driver.Connector
	features  driver.Features
	echo      echo
	lanes     [laneCount]bool // those that are open
	detours   detours
	// enders are the channels by which Do hears of the end: with room for one token,
	// which is always taken out, so that they can be used again.
	enders sync.Pool

	// generation is bumped when all connections become suspect at once; a worker whose
	// connection is of an older one replaces it before the next operation.
	generation atomic.Uint64
	// stamp is bumped when what is known about tables may be outdated.
	stamp atomic.Uint64
	// factsUntil is when it is next bumped anyway, in ns since 1970.
	factsUntil atomic.Int64

	// mu guards everything below, the crews, their queues, the states of workers and
	// leases, and the fields of queued operations that say so. It is held for a few list
	// operations, never while I/O, a callback or a log line runs.
	mu      sync.Mutex
	cfg     Config
	readers *crew           // work of Role Reader; the only crew on most backends
	writers *crew           // work of Role Writer
	leases  []*Lease        // held
	told    map[string]bool // loops that were logged: see Repeated
	base    ledger
	closing bool          // no new work
	dead    bool          // nothing at all any more
	changed chan struct{} // made by Close, closed and made anew at each step towards the end

	done context.Context // ends when Close gives up waiting
	stop context.CancelCauseFunc
}

// New makes a pool over a backend. It opens no connection; the first operation does.
// Settings that make no sense are refused by name.
func New(c driver.Connector, cfg Config) (*Pool, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	p := &Pool{connector: c, features: c.Features(), cfg: cfg, base: newLedger()}
	p.done, p.stop = context.WithCancelCause(context.Background())
	p.echo = newEcho(cfg)
	p.openLanes()
	if d, ok := c.(driver.Drainer); ok {
		d.SetDrainTimeout(cfg.DrainTimeout)
	}
	if l, ok := c.(driver.Logging); ok {
		l.SetLogger(cfg.Logger)
	}
	switch {
	case p.features.SingleConnection:
		p.writers = newCrew(p, driver.Writer, 1, 0)
		p.readers = p.writers
	case p.features.SingleWriter:
		p.writers = newCrew(p, driver.Writer, 1, 0)
		p.readers = newCrew(p, driver.Reader, cfg.Size, cfg.Overflow)
	default:
		p.writers = newCrew(p, driver.Writer, cfg.Size, cfg.Overflow)
		p.readers = p.writers
	}
	p.readers.looks = p.features.SingleWriter && p.readers != p.writers && cfg.Flights != LaneOff
	p.writers.batches = p.features.SingleWriter && cfg.GroupWrites != GroupOff
	return p, nil
}

// Features tells what the backend can do. The answer never changes.
func (p *Pool) Features() driver.Features { return p.features }

// Name returns the pool's name.
func (p *Pool) Name() string { return p.cfg.Name }

// DrainTimeout is the bound within which clean-up must end; see [Config].
func (p *Pool) DrainTimeout() time.Duration { return p.cfg.DrainTimeout }

// crews returns each crew once.
func (p *Pool) crews() []*crew {
	if p.readers == p.writers {
		return []*crew{p.writers}
	}
	return []*crew{p.writers, p.readers}
}

func (p *Pool) crewFor(op *Op) *crew {
	if op.Role == driver.Reader {
		return p.readers
	}
	return p.writers
}

// Submit implements [Runner].
func (p *Pool) Submit(ctx context.Context, op *Op, r Resolver) {
	op.reset(ctx, r)
	op.ended = nil
	if w := p.submit(op, false); w != nil {
		w.start()
	}
}

// Do implements [Runner].
func (p *Pool) Do(ctx context.Context, op *Op) error {
	op.reset(ctx, nil)
	op.ended, op.direct = nil, true
	if w := p.submit(op, true); w != nil {
		w.serve(op)
		w.yield()
	}
	return op.wait()
}

func (p *Pool) ender() chan struct{} {
	if c, ok := p.enders.Get().(chan struct{}); ok {
		return c
	}
	return make(chan struct{}, 1)
}

// wait blocks until op, which was prepared for Do, has ended. The end of its context
// ends it too: taken out of the queue, out of a flight that it shares, or interrupted by
// its driver.
func (op *Op) wait() error {
	ended := op.ended
	if ended == nil {
		return op.err // it ran in this goroutine
	}
	if done := op.ctx.Done(); done == nil {
		<-ended
	} else {
		select {
		case <-ended:
		case <-done:
			op.give(context.Cause(op.ctx))
			<-ended
		}
	}
	op.ended = nil
	op.crew.pool.enders.Put(ended)
	return op.err
}

// give up ends op if it is queued or shares a flight; else its driver watches its context,
// and whoever puts it back into a queue looks.
func (op *Op) give(cause error) {
	run := op.runs.Load()
	if !op.crew.pool.withdraw(op, run, cause) {
		op.leave(run, cause)
	}
}

// submit hands op to its crew. With direct set it returns a worker that the caller
// drives with op itself, if one is free; otherwise it returns the worker to wake, or nil
// when op was refused or must wait.
func (p *Pool) submit(op *Op, direct bool) (w *worker) {
	c := p.crewFor(op)
	op.crew = c
	if op.Take != nil {
		op.Take.prepare(c, op.ctx)
	}
	if err := op.ctx.Err(); err != nil {
		p.refuse(op, RejectCanceled, context.Cause(op.ctx))
		return nil
	}
	op.lane = p.laneOf(op)
	p.mu.Lock()
	p.base.submitted++
	op.order = p.base.submitted
	switch {
	case p.dead, p.closing && !op.Continuation:
		p.mu.Unlock()
		p.reject(op, RejectClosed, ErrClosed)
		return nil
	case direct && c.mayClaim(op):
		if w = c.claim(op.submitted); w != nil {
			c.begun(w, op, op.submitted)
			p.mu.Unlock()
			return w
		}
	}
	if !op.Continuation && c.queued() >= p.cfg.QueueLimit {
		err := p.stateError(c, op, ErrQueueFull)
		p.base.rejected[RejectFull]++
		p.mu.Unlock()
		p.log(evQueueFull, "err", err)
		op.end(err)
		return nil
	}
	if direct {
		op.ended = p.ender()
	}
	w, reason := c.enqueue(op)
	if reason != nil {
		err := p.stateError(c, op, reason)
		switch reason {
		case ErrPoolDeadlock:
			p.base.rejected[RejectDeadlock]++
			p.base.deadlocks++
		case ErrTimeout:
			p.base.rejected[RejectTimeout]++
		default:
			p.base.rejected[RejectConnect]++
		}
		p.mu.Unlock()
		p.log(evRefused, "err", err)
		op.end(err)
		return nil
	}
	p.mu.Unlock()
	if direct {
		if w != nil {
			w.start()
		}
		return nil
	}
	return w
}

// refuse ends an operation that was never counted as submitted.
func (p *Pool) refuse(op *Op, why RejectReason, reason error) {
	p.mu.Lock()
	p.base.submitted++
	p.mu.Unlock()
	p.reject(op, why, reason)
}

// reject ends op, which is in no queue, as not started.
func (p *Pool) reject(op *Op, why RejectReason, reason error) {
	p.mu.Lock()
	p.base.rejected[why]++
	err := p.stateError(op.crew, op, reason)
	p.mu.Unlock()
	op.end(err)
}

// watch makes the end of op's context take it out of the queue it was just put into.
// Called with Pool.mu held: once that is free op may run, end and be used again, so what
// fires late must know which run it belongs to.
func (op *Op) watch() {
	if op.ctx.Done() == nil {
		return
	}
	ctx, p, run := op.ctx, op.crew.pool, op.runs.Load()
	op.stop = context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); !p.withdraw(op, run, cause) {
			op.leave(run, cause)
		}
	})
}

// withdraw takes op out of its queue, in the given run, and ends it with cause. It
// reports false if op was not queued any more.
func (p *Pool) withdraw(op *Op, run uint32, cause error) bool {
	p.mu.Lock()
	if op.runs.Load() != run || op.state.Load() != opQueued {
		p.mu.Unlock()
		return false
	}
	op.crew.dequeue(op)
	p.base.rejected[RejectCanceled]++
	err := p.stateError(op.crew, op, cause)
	op.state.Store(opRunning) // ours alone until end
	p.mu.Unlock()
	op.end(err)
	return true
}

// lend claims a worker for op if op is the next of its queue. The caller is to serve next,
// which is op or the flight that it shares with other reads of its owner.
func (p *Pool) lend(op *Op) (w *worker, next *Op) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if op.state.Load() != opQueued {
		return nil, nil
	}
	c := op.crew
	if l := op.lease; l != nil {
		if l.head() != op || l.busy || l.worker == nil {
			return nil, nil
		}
		return l.worker, l.next(now())
	}
	if c.head() != op || c.gathers(op) {
		return nil, nil
	}
	t := now()
	w = c.claim(t)
	if w != nil {
		c.dequeue(op)
		c.begun(w, op, t)
		c.grow(t) // what came while the worker slept saw it idle
		c.attend()
		c.cameFor()
	}
	return w, op
}

// Ping makes sure that the database answers, through the queue like any operation, on
// one connection, within PingTimeout once it has that. While the database can not be
// reached it fails with the reason, where other operations wait for it to come back.
func (p *Pool) Ping(ctx context.Context) error {
	op := Op{Role: driver.Reader, Label: "ping"}
	op.ping = true
	return p.Do(ctx, &op)
}

// Resize changes Size and Overflow at once, with the meaning they have in [Config].
// Surplus connections are closed as they become idle. On a backend with a single writer
// it concerns the readers.
func (p *Pool) Resize(size, overflow int) error {
	cfg := Config{Size: size, Overflow: overflow}
	if err := cfg.Validate(); err != nil {
		return err
	}
	cfg = cfg.WithDefaults()
	p.mu.Lock()
	p.cfg.Size, p.cfg.Overflow = cfg.Size, cfg.Overflow
	c := p.readers
	if !p.features.SingleConnection {
		c.size, c.overflow = cfg.Size, cfg.Overflow
	}
	surplus := c.cull(CloseResize, func(*worker) bool { return c.live() > c.size })
	c.stir()
	p.mu.Unlock()
	surplus()
	p.log(evResized, "size", number(cfg.Size), "overflow", number(cfg.Overflow))
	return nil
}

// now is time.Now; a name for what virtual time replaces in tests.
func now() time.Time { return time.Now() }
