package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// plan is a random life of a pool, drawn before it is played in virtual time.
type plan struct {
	cfg    pool.Config
	single bool
	steps  []planStep
	faults []fault // by number of the flight, connect, ping
}

type planStep struct {
	kind  int
	d     time.Duration // how long the statement takes
	after time.Duration // pause before the next step
	give  time.Duration // life of the operation; 0: without end
	which int
}

type fault struct {
	kind int
	at   int
}

const (
	stepRead = iota
	stepWrite
	stepContinuation
	stepLease
	stepLeaseOp
	stepRelease
	stepCancel
	stepResize
	stepLend
	stepPing
	stepKinds
)

func drawPlan(t *rapid.T) plan {
	ms := func(label string, max int) time.Duration {
		return time.Duration(rapid.IntRange(0, max).Draw(t, label)) * time.Millisecond
	}
	p := plan{cfg: pool.Config{
		Size:           rapid.IntRange(1, 4).Draw(t, "size"),
		Overflow:       rapid.SampledFrom([]int{pool.NoOverflow, 1, 4}).Draw(t, "overflow"),
		Timeout:        rapid.SampledFrom([]time.Duration{pool.NoWait, 50 * time.Millisecond, time.Second, pool.Never}).Draw(t, "timeout"),
		Recycle:        rapid.SampledFrom([]time.Duration{pool.Never, 200 * time.Millisecond, 2 * time.Second}).Draw(t, "recycle"),
		QueueLimit:     rapid.SampledFrom([]int{1, 5, 1000}).Draw(t, "queue"),
		PrePing:        rapid.SampledFrom([]pool.PingPolicy{pool.PingIfIdle, pool.PingAlways, pool.PingNever}).Draw(t, "ping"),
		IdleTimeout:    rapid.SampledFrom([]time.Duration{pool.Never, 300 * time.Millisecond}).Draw(t, "idle"),
		OverflowLinger: rapid.SampledFrom([]time.Duration{0, 100 * time.Millisecond}).Draw(t, "linger"),
		Logger:         slog.New(slog.NewTextHandler(io.Discard, nil)),
		EchoPool:       true,
	}, single: rapid.Bool().Draw(t, "single writer")}
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		p.steps = append(p.steps, planStep{
			kind: rapid.IntRange(0, stepKinds-1).Draw(t, "kind"), d: ms("takes", 300), after: ms("pause", 40),
			give: ms("life", 200) * time.Duration(rapid.IntRange(0, 1).Draw(t, "limited")), which: rapid.IntRange(0, 7).Draw(t, "which"),
		})
	}
	for range rapid.IntRange(0, 6).Draw(t, "faults") {
		p.faults = append(p.faults, fault{rapid.IntRange(0, 4).Draw(t, "fault"), rapid.IntRange(1, 40).Draw(t, "at")})
	}
	return p
}

// world plays a plan and notes what must never happen.
type world struct {
	mu       sync.Mutex
	wrong    []string
	busy     map[*fake.Conn]bool
	born     map[*fake.Conn]time.Time
	events   int
	canceled map[*pool.Op]time.Time
	ends     map[*pool.Op]int
	plan     plan
}

func (w *world) failf(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// Resolved counts the ends of each operation.
func (w *world) Resolved(op *pool.Op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ends[op]++; w.ends[op] > 1 {
		w.failf("an operation ended twice")
	}
}

// hit reports whether a fault is due at this event.
func (w *world) hit(kind int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	for i, f := range w.plan.faults {
		if f.kind == kind && f.at <= w.events {
			w.plan.faults[i].at = 1 << 30
			return true
		}
	}
	return false
}

func (w *world) connector() *fake.Connector {
	k := slow(0)
	k.Traits.SingleWriter = w.plan.single
	statement := k.OnFly
	k.OnConnect = func(ctx context.Context, _ driver.Role, _ int) error {
		if w.hit(0) {
			return &driver.Error{Kind: driver.ErrConnect, Message: "refused"}
		}
		if w.hit(1) {
			return fake.Sleep(ctx, time.Hour)
		}
		return fake.Sleep(ctx, 5*time.Millisecond)
	}
	k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
		w.mu.Lock()
		if w.busy[c] {
			w.failf("connection %d has two users", c.N)
		}
		w.busy[c] = true
		if w.born[c].IsZero() {
			w.born[c] = time.Now()
		}
		if age := time.Since(w.born[c]); age > w.plan.cfg.Recycle && f.Statements[0].Class != driver.Savepoint {
			w.failf("connection of age %v was given work", age)
		}
		w.mu.Unlock()
		defer func() {
			w.mu.Lock()
			w.busy[c] = false
			w.mu.Unlock()
		}()
		if w.hit(2) {
			return true, fake.Lost()
		}
		if handled, err := statement(ctx, c, f); handled {
			return handled, err
		}
		return false, nil
	}
	k.OnPing = func(ctx context.Context, _ *fake.Conn) error {
		if w.hit(3) {
			return fake.Sleep(ctx, time.Hour)
		}
		return nil
	}
	k.OnClose = func(ctx context.Context, c *fake.Conn) error {
		w.mu.Lock()
		if w.busy[c] {
			w.failf("connection %d was closed while in use", c.N)
		}
		w.mu.Unlock()
		if w.hit(4) {
			return fake.Sleep(ctx, time.Hour)
		}
		return nil
	}
	return k
}

func (w *world) play(t *testing.T) {
	k := w.connector()
	p, err := pool.New(k, w.plan.cfg)
	if err != nil {
		w.failf("%v", err)
		return
	}
	limit := w.plan.cfg.WithDefaults().Size + w.plan.cfg.WithDefaults().Overflow
	extra := 0
	if w.plan.single {
		extra = 1
	}
	var ops []*pool.Op
	var leases []*pool.Lease
	var cancels []context.CancelFunc
	var pings sync.WaitGroup
	resized := false
	submit := func(r pool.Runner, op *pool.Op, s planStep) {
		ctx := context.Background()
		if s.give > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.give)
			cancels = append(cancels, cancel)
		}
		ops = append(ops, op)
		r.Submit(ctx, op, w)
	}
	for _, s := range w.plan.steps {
		switch s.kind {
		case stepRead:
			submit(p, read(s.d), s)
		case stepWrite:
			submit(p, write(s.d), s)
		case stepContinuation:
			op := read(s.d)
			op.Continuation = true
			submit(p, op, s)
		case stepLease:
			op := write(s.d)
			op.Statements[0].Class = driver.Begin
			op.Take = pool.NewLease("owner")
			leases = append(leases, op.Take)
			submit(p, op, s)
		case stepLeaseOp:
			if len(leases) > 0 {
				op := write(s.d)
				op.Statements[0].Class = driver.Savepoint // an owner's connection may grow old
				submit(leases[s.which%len(leases)], op, s)
			}
		case stepRelease:
			if len(leases) > 0 {
				leases[s.which%len(leases)].Release()
			}
		case stepCancel:
			if len(ops) > 0 {
				op := ops[s.which%len(ops)]
				if op.Cancel(errImpatient) {
					w.mu.Lock()
					w.canceled[op] = time.Now()
					w.mu.Unlock()
				}
			}
		case stepResize:
			resized = true
			if err := p.Resize(1+s.which, pool.NoOverflow); err != nil {
				w.failf("%v", err)
			}
			limit = max(limit, 1+s.which)
		case stepLend:
			if len(ops) > 0 {
				ops[len(ops)-1].Lend()
			}
		case stepPing:
			pings.Go(func() { _ = p.Ping(context.Background()) })
		}
		st := p.Stats()
		if n := st.Used + st.Idle + st.Opening; n > limit+extra {
			w.failf("%d connections used, idle and opening, limit %d", n, limit+extra)
		}
		if n := k.Open(); n > 2*(limit+extra) {
			w.failf("%d connections at the server, limit %d", n, limit+extra)
		}
		time.Sleep(s.after)
	}
	time.Sleep(20 * time.Second) // everything that can end has ended
	for _, l := range leases {
		l.Release()
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	st := p.Stats()
	if size := p.Stats().Size; st.Idle > size+extra {
		w.failf("%d idle connections at rest, Size %d", st.Idle, size)
	}
	if st.Waiting > 0 || st.Used > 0 || st.Leased > 0 {
		w.failf("at rest: waiting %d, used %d, leased %d (resized %v)", st.Waiting, st.Used, st.Leased, resized)
	}
	pings.Wait()
	_ = p.Close(context.Background())
	for _, c := range cancels {
		c()
	}
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, op := range ops {
		if w.ends[op] != 1 {
			w.failf("an operation ended %d times", w.ends[op])
		}
		if at, ok := w.canceled[op]; ok && (!errors.Is(op.Err(), errImpatient) || !errors.Is(op.Err(), pool.ErrNotStarted)) {
			w.failf("canceled at %v before its start, but: %v", at, op.Err())
		}
	}
	if k.Open() != 0 {
		w.failf("%d connections left after Close", k.Open())
	}
	st = p.Stats()
	sum := st.OK + st.Failed + st.Canceled + st.Unknown
	for _, n := range st.Rejected {
		sum += n
	}
	if sum != st.Submitted {
		w.failf("%d submitted, %d ended", st.Submitted, sum)
	}
	var closes uint64
	for _, n := range st.Closes {
		closes += n
	}
	if st.Connects != closes {
		w.failf("%d connections opened, %d closed", st.Connects, closes)
	}
}

func TestInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{
			plan: drawPlan(rt), busy: map[*fake.Conn]bool{}, born: map[*fake.Conn]time.Time{},
			canceled: map[*pool.Op]time.Time{}, ends: map[*pool.Op]int{},
		}
		synctest.Test(t, w.play)
		if len(w.wrong) > 0 {
			rt.Fatalf("%q", w.wrong)
		}
	})
}
