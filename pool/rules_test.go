package pool_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// chain submits its next operation from Resolved, as an async verb with several steps
// does: on a worker.
type chain struct {
	p    *pool.Pool
	left int
	done chan error
}

func (c *chain) Resolved(op *pool.Op) {
	if c.left--; c.left == 0 || op.Err() != nil {
		c.done <- op.Err()
		return
	}
	next := read(time.Millisecond)
	next.Continuation = true
	c.p.Submit(context.Background(), next, c)
}

func TestNestedStepsEndOnAPoolOfOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: pool.NoOverflow})
		done := make(chan error, 100)
		for range 100 {
			p.Submit(context.Background(), read(time.Millisecond), &chain{p, 5, done})
		}
		for range 100 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAnOperationNobodyWaitsForRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{})
		p.Submit(context.Background(), read(time.Millisecond), nil)
		time.Sleep(time.Second)
		if s := p.Stats(); s.OK != 1 {
			t.Errorf("%d operations done, want 1", s.OK)
		}
	})
}

func TestLendingRunsOnlyTheNextOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: pool.NoOverflow})
		warm(t, p, 1)
		l := take(t, t.Context(), p, "owner")
		first, second := read(time.Second), read(time.Second)
		ends := make(resolved, 2)
		p.Submit(context.Background(), first, ends)
		p.Submit(context.Background(), second, ends)
		if first.Lend() || second.Lend() {
			t.Error("an operation was lent while the only connection belongs to an owner")
		}
		begin := time.Now()
		l.Release()
		if second.Lend() {
			t.Error("the second of the queue was lent")
		}
		if d := time.Since(begin); d > 0 {
			t.Errorf("an impatient waiter was kept for %v", d)
		}
		if <-ends != first || <-ends != second {
			t.Error("operations ended out of order")
		}
	})
}

func TestLendingRunsInTheWaitersGoroutine(t *testing.T) {
	k := slow(0)
	release := make(chan struct{})
	p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
	if err := p.Do(t.Context(), read(0)); err != nil {
		t.Fatal(err)
	}
	close(release)
	lent := 0
	for range 1000 {
		op := read(0)
		ends := make(resolved, 1)
		p.Submit(t.Context(), op, ends)
		if op.Lend() {
			lent++
		}
		<-ends
	}
	if lent == 0 {
		t.Error("no waiter of 1000 ran its own operation")
	}
}

func TestContinuationsGoFirstAndPassTheQueueLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: pool.NoOverflow, QueueLimit: 2})
		warm(t, p, 1)
		l := take(t, t.Context(), p, "owner")
		ends := make(resolved, 10)
		ops := []*pool.Op{read(time.Second), read(time.Second), read(time.Second), read(time.Second)}
		p.Submit(t.Context(), ops[0], ends)
		p.Submit(t.Context(), ops[1], ends)
		p.Submit(t.Context(), ops[2], ends)
		full := <-ends
		if !errors.Is(full.Err(), pool.ErrQueueFull) || full != ops[2] || !errors.Is(full.Err(), pool.ErrNotStarted) {
			t.Fatalf("third operation in a queue of two: %v", full.Err())
		}
		if !strings.Contains(full.Err().Error(), "queue is full (limit 2)") {
			t.Errorf("text %q does not name the limit", full.Err())
		}
		ops[3].Continuation = true
		p.Submit(t.Context(), ops[3], ends)
		l.Release()
		for i, want := range []*pool.Op{ops[3], ops[0], ops[1]} {
			if got := <-ends; got != want || got.Err() != nil {
				t.Fatalf("operation %d was another one (%v)", i, got.Err())
			}
		}
	})
}

func TestSelfDeadlockIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 3, Overflow: pool.NoOverflow})
		var wg sync.WaitGroup
		var mu sync.Mutex
		var deadlocks, ok int
		all := make(chan struct{})
		var held sync.WaitGroup
		held.Add(3)
		begin := time.Now()
		for range 3 {
			wg.Go(func() {
				l := take(t, t.Context(), p, "tx")
				defer l.Release()
				held.Done()
				<-all
				err := p.Do(l.Context(t.Context()), read(time.Second))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, pool.ErrPoolDeadlock):
					deadlocks++
				case err == nil:
					ok++
				default:
					t.Error(err)
				}
			})
		}
		held.Wait()
		close(all)
		wg.Wait()
		if deadlocks != 1 || ok != 2 {
			t.Errorf("%d refused, %d went on; want one refused, whose connection serves the others", deadlocks, ok)
		}
		if d := time.Since(begin); d > 3*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestOwnersThatGetOnAreNoDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 3, Overflow: pool.NoOverflow})
		a, b := take(t, t.Context(), p, "a"), take(t, t.Context(), p, "b")
		c := take(t, t.Context(), p, "c")
		var wg sync.WaitGroup
		for _, l := range []*pool.Lease{a, b} {
			wg.Go(func() {
				defer l.Release()
				if err := p.Do(l.Context(t.Context()), read(time.Millisecond)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		time.Sleep(time.Second) // c works without needing another connection
		c.Release()
		wg.Wait()
		if s := p.Stats(); s.Deadlocks != 0 {
			t.Errorf("%d deadlocks", s.Deadlocks)
		}
	})
}

func TestAWriterOwnerThatWaitsForAReaderIsNoDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		k.Traits.SingleWriter = true
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		w := take(t, t.Context(), p, "writer")
		if err := p.Do(w.Context(t.Context()), read(time.Millisecond)); err != nil {
			t.Error(err)
		}
		err := p.Do(w.Context(t.Context()), write(time.Millisecond))
		if !errors.Is(err, pool.ErrPoolDeadlock) {
			t.Errorf("a second writer wanted by the owner of the only one: %v", err)
		}
		w.Release()
	})
}

func TestTimeoutTellsTheStateOfThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: pool.NoOverflow, Timeout: 30 * time.Second})
		l := take(t, t.Context(), p, "checkout.go:88")
		defer l.Release()
		time.Sleep(11 * time.Second)
		begin := time.Now()
		err := p.Do(t.Context(), read(0))
		if d := time.Since(begin); d != 30*time.Second {
			t.Errorf("failed after %v, want 30s", d)
		}
		const want = `pool "main": no connection within 30s (size 1, overflow 0, used 1, idle 0, waiting 1, longest held 41s by checkout.go:88)`
		if err == nil || err.Error() != want {
			t.Errorf("error\n got: %v\nwant: %s", err, want)
		}
		if !errors.Is(err, pool.ErrTimeout) || !errors.Is(err, pool.ErrNotStarted) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v has the wrong kinds", err)
		}
		var se *pool.StateError
		if !errors.As(err, &se) || !se.Timeout() || se.Used != 1 {
			t.Errorf("no usable StateError in %v", err)
		}
	})
}

func TestAShortPatienceLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: pool.NoOverflow})
		l := take(t, t.Context(), p, "owner")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, errImpatient)
		defer cancel()
		begin := time.Now()
		err := p.Do(ctx, read(time.Second))
		if d := time.Since(begin); d != 10*time.Millisecond || !errors.Is(err, errImpatient) || !errors.Is(err, pool.ErrNotStarted) {
			t.Errorf("after %v: %v", d, err)
		}
		l.Release()
		if err := p.Do(t.Context(), read(time.Millisecond)); err != nil {
			t.Error(err)
		}
	})
}

var errImpatient = errors.New("impatient")

func TestNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: 1, Timeout: pool.NoWait})
		if err := p.Do(t.Context(), read(0)); err != nil {
			t.Fatalf("a connection could be opened: %v", err)
		}
		a := take(t, t.Context(), p, "a")
		b := take(t, t.Context(), p, "b")
		if err := p.Do(t.Context(), read(0)); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("no connection free and none to open: %v", err)
		}
		a.Release()
		b.Release()
	})
}

// Whoever has just heard of an end is not told that its connection is not free: it is on
// its way back.
func TestNoWaitAfterAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Size: 1, Overflow: pool.NoOverflow, Timeout: pool.NoWait})
		ends := make(resolved, 1)
		for _, op := range []*pool.Op{read(0), write(0)} {
			p.Submit(t.Context(), op, follower{p, read(0), ends})
			if next := <-ends; next.Err() != nil {
				t.Errorf("behind %v: %v", op.Statements[0].Class, next.Err())
			}
			synctest.Wait()
		}
		l := take(t, t.Context(), p, "owner")
		if err := p.Do(t.Context(), read(0)); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("while an owner has it: %v", err)
		}
		l.Release()
	})
}

// follower submits the next operation as soon as it hears of an end.
type follower struct {
	p    *pool.Pool
	op   *pool.Op
	ends resolved
}

func (a follower) Resolved(*pool.Op) { a.p.Submit(context.Background(), a.op, a.ends) }

func TestCanceledInTheQueueNeverRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		l := take(t, t.Context(), p, "owner")
		ran := false
		fly := k.OnFly
		k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			if f.Statements[0].SQL == "1ms" {
				ran = true
			}
			return fly(ctx, c, f)
		}
		op := write(time.Millisecond)
		ends := make(resolved, 1)
		p.Submit(t.Context(), op, ends)
		if !op.Cancel(errImpatient) {
			t.Error("Cancel of a queued operation did not decide its end")
		}
		if op.Cancel(errImpatient) {
			t.Error("a second Cancel decided again")
		}
		<-ends
		l.Release()
		time.Sleep(time.Second)
		if ran || !errors.Is(op.Err(), errImpatient) || !errors.Is(op.Err(), pool.ErrNotStarted) {
			t.Errorf("ran %v, err %v", ran, op.Err())
		}
	})
}

// The context of an operation is watched only if it has to wait; it must not go unwatched
// when the worker that was woken for it turns out to have no connection that can be used.
func TestAContextThatEndsWhileTheWorkerReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow, Recycle: time.Minute})
		warm(t, p, 1)
		k.OnConnect = func(ctx context.Context, _ driver.Role, _ int) error { return fake.Sleep(ctx, 10*time.Second) }
		time.Sleep(2 * time.Minute)
		ctx, cancel := context.WithCancelCause(t.Context())
		ops := []*pool.Op{write(time.Millisecond), write(time.Millisecond)}
		ends := make(resolved, len(ops))
		for _, op := range ops {
			p.Submit(ctx, op, ends)
		}
		time.Sleep(time.Second)
		cancel(errImpatient)
		synctest.Wait()
		if len(ends) != len(ops) {
			t.Fatalf("%d operations have ended with their context, want %d", len(ends), len(ops))
		}
		for _, op := range ops {
			if !errors.Is(op.Err(), errImpatient) || !errors.Is(op.Err(), pool.ErrNotStarted) {
				t.Errorf("err %v", op.Err())
			}
		}
	})
}

func TestCancelInterruptsWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{})
		op := write(time.Hour)
		ends := make(resolved, 1)
		begin := time.Now()
		p.Submit(t.Context(), op, ends)
		time.Sleep(time.Second)
		if op.Cancel(errImpatient) {
			t.Error("Cancel claims that a running operation did not start")
		}
		<-ends
		if d := time.Since(begin); d != time.Second || !errors.Is(op.Outcome(), errImpatient) || op.Err() != nil {
			t.Errorf("after %v: %v (%v)", d, op.Outcome(), op.Err())
		}
		if s := p.Stats(); s.Canceled != 1 {
			t.Errorf("%d canceled", s.Canceled)
		}
	})
}

// again submits the same Op anew from Resolved, with a context that ends by itself.
type again struct {
	p    *pool.Pool
	left int
	done chan error
}

func (a *again) Resolved(op *pool.Op) {
	if a.left--; a.left == 0 {
		a.done <- op.Err()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel() // ends, like as not, after the operation did
	a.p.Submit(ctx, op, a)
}

func TestAnOperationMayBeUsedAgainFromItsResolver(t *testing.T) {
	p := open(t, slow(0), pool.Config{Size: 2, Overflow: pool.NoOverflow})
	done := make(chan error, 8)
	for range 8 {
		p.Submit(t.Context(), new(pool.Op), &again{p, 2000, done})
	}
	for range 8 {
		<-done
	}
}
