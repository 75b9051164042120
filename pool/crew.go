package pool

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// crew is the workers that share one queue: all of a pool, or on a backend with a single
// writer the writer alone and the readers beside it. All fields are guarded by Pool.mu.
type crew struct {
	pool           *Pool
	role           driver.Role
	size, overflow int

	first opList                // continuations, served before queue
	queue opList                // new work that flies alone, first in first out
	lanes [laneAside + 1]opList // new work that may share flights, by lane
	idle  []*worker             // without work, last in first out: the warmest is used first
	all   []*worker             // every worker with a connection
	// opening connections are being made; draining ones are broken and being closed;
	// closing ones are healthy, being closed, and count in all until they are.
	opening, draining, closing int
	// fresh workers have a connection and have not looked at the queue yet.
	fresh int
	// unwatched operations are queued without a watch over their context, since a worker
	// is on its way to them.
	unwatched int
	leased    int
	grouping  bool // a group of writes is under way
	lone      int  // writes of the lane that are under way alone
	aside     int  // operations on a detour that are under way

	looks bool // reads share snapshots: see look
	alone int  // how many did not since the last one that tried
	seen  int  // how many are in the hands of readers

	batches  bool                 // writes share commits: see batch
	company  int                  // how many shared the last one, or the last snapshot
	batchFor time.Duration        // how long one takes further units
	loners   map[string]time.Time // statements that undid a batch, and until when they go alone

	opTime      time.Duration // moving average of what an operation takes
	connectTime time.Duration // and of what opening a connection takes
	lastDone    time.Time     // when an operation last ended

	failures int       // attempts to connect that failed in a row
	lastErr  error     // of the last attempt; nil if it succeeded
	backoff  time.Time // no attempt before
	lent     int       // how sure it is that waiters come: see trusts
	nudge    alarm     // wakes a worker where none did
	expiry   alarm     // ends what waited too long
	lapse    alarm     // lets groups start beside writes that are stuck
	growth   alarm     // looks again whether more connections would help
	keeper   alarm     // closes idle connections
}

func newCrew(p *Pool, role driver.Role, size, overflow int) *crew {
	c := &crew{pool: p, role: role, size: size, overflow: overflow, batchFor: batchFor}
	c.expiry.ring, c.growth.ring, c.keeper.ring, c.nudge.ring, c.lapse.ring = c.expire, c.regrow, c.sweep, c.nudged, c.lapsed
	return c
}

func (c *crew) limit() int { return min(c.size+c.overflow, Unlimited) }

// live is the number of workers that are not on their way out.
func (c *crew) live() int { return len(c.all) - c.closing }

// oldest is how long the longest-waiting operation waits.
func (c *crew) oldest(t time.Time) time.Duration {
	var age time.Duration
	for _, l := range c.queues() {
		if l.head != nil {
			age = max(age, t.Sub(l.head.submitted))
		}
	}
	return age
}

// enqueue puts op into the queue and opens connections if that helps. It returns the
// worker to wake for it, if one is idle, or refuses with the reason why waiting makes no
// sense.
func (c *crew) enqueue(op *Op) (w *worker, reason error) {
	p := c.pool
	if op.ping && c.failures > 0 && len(c.all) == 0 && op.submitted.Before(c.backoff) {
		return nil, c.lastErr
	}
	op.hold(c)
	if op.holders != nil && p.deadlocked(op) {
		op.unhold()
		return nil, ErrPoolDeadlock
	}
	if p.cfg.Timeout != Never && p.cfg.Timeout > 0 {
		op.deadline = op.submitted.Add(p.cfg.Timeout)
	}
	op.state.Store(opQueued)
	c.queueOf(op).push(op)
	if op.lane == LaneWrite {
		c.hurry(op.submitted)
	}
	c.grow(op.submitted)
	if p.cfg.Timeout == NoWait && !op.Continuation && len(c.idle) == 0 && c.waiting() > c.opening+c.handing() {
		c.dequeue(op)
		op.state.Store(opRunning)
		return nil, ErrTimeout
	}
	eligible := c.eligible()
	next := eligible == 1 && c.head() == op
	trusted := next && !op.direct && c.trusts(op.submitted)
	if eligible > 0 && !trusted {
		w = c.rouse(op.submitted)
	}
	switch {
	case op.direct: // whoever waits in Do watches there, at less cost
	case trusted, next && w != nil:
		op.unwatched = true // who comes for it looks after it
		c.unwatched++
	default:
		op.watch()
	}
	c.expiry.by(op.deadline, op.submitted)
	return w, nil
}

// handing counts the connections that are about to be idle.
func (c *crew) handing() (n int) {
	for _, w := range c.all {
		if w.lease == nil && w.handing.Load() {
			n++
		}
	}
	return n
}

// requeue puts op, which the caller runs, back to the front: its connection turned out to
// be unusable before it began, or it only reads and its connection was lost. It reports
// false, and does nothing, when the pool is gone.
func (c *crew) requeue(op *Op) bool {
	p := c.pool
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return false
	}
	if op.direct && op.ended == nil {
		op.ended = p.ender() // Do ran it directly and has to wait now
	}
	op.hold(c)
	op.state.Store(opQueued)
	c.first.pushFront(op)
	op.watch()
	c.stir()
	c.arm()
	p.mu.Unlock()
	return true
}

// stir makes sure that somebody comes for what waits: an idle worker, or a new one.
func (c *crew) stir() {
	if c.eligible() == 0 {
		return
	}
	t := now()
	if w := c.rouse(t); w != nil {
		w.start()
		return
	}
	c.grow(t)
}

// attend watches the contexts of the operations that were left to a worker that came: it
// has taken one, or none, and others may have to wait. Called with Pool.mu held.
func (c *crew) attend() {
	if c.unwatched == 0 {
		return
	}
	for _, l := range c.queues() {
		for op := l.head; op != nil; op = op.next {
			if op.unwatched {
				op.unwatched = false
				op.watch()
			}
		}
	}
	c.unwatched = 0
}

// dequeue takes op out of whatever queue it is in.
func (c *crew) dequeue(op *Op) {
	c.unlink(op)
	if op.stop != nil {
		op.stop()
		op.stop = nil
	}
}

// unlink takes op out of its queue, and leaves its context watched.
func (c *crew) unlink(op *Op) {
	op.list.remove(op)
	op.unhold()
	if op.unwatched {
		op.unwatched = false
		c.unwatched--
	}
}

// arm sets the timer that ends what waits too long.
func (c *crew) arm() {
	for _, l := range c.queues() {
		if op := l.head; op != nil {
			c.expiry.by(op.deadline, now())
		}
	}
}

// expire ends the operations whose time to start is over. Deadlines are in the order of
// each queue, except behind a requeued operation, which is looked at again then.
func (c *crew) expire() {
	p := c.pool
	p.mu.Lock()
	c.expiry.rang()
	t := now()
	var late []*Op
	var errs []error
	for _, l := range c.queues() {
		for op := l.head; op != nil; {
			next := op.next
			if !op.deadline.IsZero() {
				if op.deadline.After(t) {
					break
				}
				errs = append(errs, p.stateError(c, op, ErrTimeout))
				c.dequeue(op)
				op.state.Store(opRunning)
				p.base.rejected[RejectTimeout]++
				late = append(late, op)
			}
			op = next
		}
	}
	c.arm()
	p.mu.Unlock()
	for i, op := range late {
		p.log(evTimeout, "err", errs[i])
		op.end(errs[i])
	}
}

// claim takes an idle worker whose connection needs no further check for the calling
// goroutine to drive. nil means: go through the queue. t is the time now.
func (c *crew) claim(t time.Time) *worker {
	for i := len(c.idle) - 1; i >= 0; i-- {
		if w := c.idle[i]; w.stale(t) == "" && !w.needsPing(t) {
			c.unpark(w)
			select {
			case <-w.wake: // it was being woken for what we do now
			default:
			}
			w.roused = false
			return w
		}
	}
	return nil
}

// rouse picks an idle worker to wake for what is in the queue; nil if none is idle, or
// none is needed. t is the time now.
func (c *crew) rouse(t time.Time) *worker {
	if c.enough(t) {
		return nil
	}
	for i := len(c.idle) - 1; i >= 0; i-- {
		if w := c.idle[i]; !w.roused {
			w.roused = true
			return w
		}
	}
	return nil
}

func (c *crew) park(w *worker, t time.Time) {
	w.idle, w.idleSince = true, t
	c.idle = append(c.idle, w)
	c.keep(t)
}

func (c *crew) unpark(w *worker) {
	w.idle = false
	i := slices.Index(c.idle, w)
	c.idle = slices.Delete(c.idle, i, i+1)
}

// regrow is grow, by its alarm.
func (c *crew) regrow() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.growth.rang()
	c.grow(now())
}

// grow opens connections as far as they would help, and looks again soon if they might.
// t is the time now.
func (c *crew) grow(t time.Time) {
	if c.pool.dead {
		return
	}
	for range c.useful(t) {
		c.opening++
		go c.open()
	}
	if c.waiting() > 0 && len(c.idle) == 0 && len(c.all)+c.opening < c.limit() {
		d := min(max(c.connectTime/8, time.Millisecond), 50*time.Millisecond)
		c.growth.by(t.Add(max(d, c.backoff.Sub(t))), t)
	}
}

// useful is the number of connections to open now. The queue is served by those that are
// there; a new one helps only those operations that would still wait when it is ready.
// So: what is left of the queue after connectTime, and of that as many as it takes to
// serve it within another connectTime. How long an operation takes is the moving average,
// or the time since one ended, if that is more: long statements are noticed while they
// run. History alone opens nothing: the estimate is never more than the head of the queue
// has waited, and it is that once the head has waited longer than connecting takes. Below
// Size one more is opened in any case, since it is going to be kept.
func (c *crew) useful(t time.Time) int {
	waiting, open := c.load()-c.fresh, len(c.all)
	room := c.limit() - open - c.opening
	if waiting <= 0 || len(c.idle) > 0 || room <= 0 {
		return 0
	}
	// What is being drained may still count at the server: never more than twice the
	// limit there, or a server that hangs would be buried under new connections.
	if room = min(room, 2*c.limit()-open-c.opening-c.draining); room <= 0 {
		return 0
	}
	if c.failures > 0 { // one probe at a time until the database answers again
		if c.opening > 0 || t.Before(c.backoff) {
			return 0
		}
		return 1
	}
	if c.connectTime == 0 { // nothing is known yet: SQLAlchemy's rule, as needed up to Size
		return min(waiting-c.opening, room, max(c.size-open-c.opening, 0))
	}
	if c.pool.cfg.Timeout == NoWait {
		return max(0, min(waiting-c.opening, room))
	}
	waited, connect := c.oldest(t), c.connectTime
	per := min(max(c.opTime, t.Sub(c.lastDone)), waited)
	if waited > connect {
		per = waited
	}
	per = max(per, time.Microsecond)
	left := float64(waiting) - float64(open)*float64(connect)/float64(per)
	n := 0
	if left > 0 {
		n = int(math.Ceil(left*min(1, float64(per)/float64(connect)))) - c.opening
	}
	if n <= 0 && c.opening == 0 && open < c.size {
		n = 1
	}
	return max(0, min(n, room, waiting-c.opening))
}

// open makes one connection and becomes its worker.
func (c *crew) open() {
	p := c.pool
	begin := now()
	gen := p.generation.Load()
	ctx, cancel := p.done, context.CancelFunc(func() {})
	if p.cfg.ConnectTimeout != Never {
		ctx, cancel = context.WithTimeoutCause(ctx, p.cfg.ConnectTimeout, errConnectTimeout)
	}
	conn, err := p.connector.Connect(ctx, c.role)
	took := now().Sub(begin)
	cause := context.Cause(ctx)
	cancel()
	if err != nil {
		if cause != nil && !errors.Is(err, cause) {
			err = &driver.Error{Kind: driver.ErrConnect, Message: cause.Error(), Err: err}
		}
		c.openFailed(err)
		return
	}
	w := &worker{crew: c, conn: conn, generation: gen, born: begin, expires: c.expires(begin), wake: make(chan struct{}, 1), used: now()}
	p.mu.Lock()
	c.opening--
	c.failures, c.lastErr = 0, nil
	c.connectTime = average(c.connectTime, took)
	p.outdated()
	p.base.connects++
	p.base.connect.observe(took)
	c.all = append(c.all, w)
	w.fresh = true
	c.fresh++
	n := len(c.all)
	p.mu.Unlock()
	p.log(evOpened, "role", c.role, "took", took, "open", n)
	w.run()
}

var errConnectTimeout = errors.New("no answer within ConnectTimeout")

// expires is the time at which a connection born at t is replaced.
func (c *crew) expires(t time.Time) time.Time {
	cfg := &c.pool.cfg
	if cfg.Recycle == Never {
		return time.Time{}
	}
	return t.Add(cfg.Recycle - time.Duration(rand.Float64()*cfg.RecycleJitter*float64(cfg.Recycle)))
}

// openFailed gives the slot back. An error that time will not heal ends everything that
// waits, if no connection is there; with any other, operations wait on for their own Timeout while one probe at a
// time is made.
func (c *crew) openFailed(err error) {
	p := c.pool
	p.mu.Lock()
	c.opening--
	c.failures++
	c.lastErr = err
	p.base.connectErrors++
	wait := min(50*time.Millisecond<<min(c.failures-1, 10), 5*time.Second)
	wait = wait/2 + rand.N(wait/2)
	c.backoff = now().Add(wait)
	var failed []*Op
	// Beside connections that work, a refused one is no reason to give up: a password
	// that was changed under a running program, say.
	hopeless := permanent(err) && c.live() == 0
	if hopeless {
		c.backoff = time.Time{}
	}
	for _, l := range c.queues() {
		for op := l.head; op != nil; {
			next := op.next
			if hopeless || op.ping { // a ping asks whether the database can be reached now
				c.dequeue(op)
				op.state.Store(opRunning)
				p.base.rejected[RejectConnect]++
				failed = append(failed, op)
			}
			op = next
		}
	}
	errs := make([]error, len(failed))
	for i, op := range failed {
		errs[i] = p.stateError(c, op, err)
	}
	c.stir()
	p.notify()
	p.mu.Unlock()
	p.log(evConnectFailed, "err", err, "retry_in", wait)
	for i, op := range failed {
		op.end(errs[i])
	}
}

// permanent reports whether an error of connecting will still be there at the next try.
// ErrBusy is among them, since a driver that reports it has waited already.
func permanent(err error) bool {
	for _, k := range [...]driver.Kind{driver.ErrBusy, driver.ErrAuth, driver.ErrNoDatabase, driver.ErrCorrupt, driver.ErrReadOnly, driver.ErrSyntax, driver.ErrValue} {
		if errors.Is(err, k) {
			return true
		}
	}
	var e *driver.Error
	return !errors.As(err, &e)
}

// keep arms the timer that closes connections without work.
func (c *crew) keep(t time.Time) {
	d := c.pool.cfg.IdleTimeout
	if c.live() > c.size && c.pool.cfg.OverflowLinger > 0 {
		d = min(d, c.pool.cfg.OverflowLinger)
	}
	if d == Never || len(c.idle) == 0 {
		return
	}
	c.keeper.by(c.idle[0].idleSince.Add(d), t)
}

// sweep closes idle connections whose time is over: overflow after OverflowLinger, any
// after IdleTimeout. The longest idle is first in the list.
func (c *crew) sweep() {
	p := c.pool
	p.mu.Lock()
	c.keeper.rang()
	t := now()
	over := c.cull(CloseOverflow, func(w *worker) bool {
		return c.live() > c.size && t.Sub(w.idleSince) >= p.cfg.OverflowLinger
	})
	idle := c.cull(CloseIdle, func(w *worker) bool { return t.Sub(w.idleSince) >= p.cfg.IdleTimeout })
	c.keep(t)
	p.mu.Unlock()
	over()
	idle()
}

// cull dismisses the idle workers that match; the function it returns closes them, once
// Pool.mu is free again.
func (c *crew) cull(reason CloseReason, match func(*worker) bool) (dispose func()) {
	var out []*worker
	for _, w := range slices.Clone(c.idle) {
		if match(w) {
			c.unpark(w)
			w.dismiss(reason)
			out = append(out, w)
		}
	}
	return func() {
		for _, w := range out {
			w.dispose(reason, false)
		}
	}
}

// average is the moving average of a duration; a new value counts for a quarter.
func average(avg, d time.Duration) time.Duration {
	if avg == 0 {
		return max(d, 1)
	}
	return max(avg+(d-avg)/4, 1)
}
