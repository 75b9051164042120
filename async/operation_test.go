package async_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

func TestOperationRunsStepByStep(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			p := s.open(t, 2)
			c := reads(time.Second, 2*time.Second, 3*time.Second)
			c.reuse = reuse
			begin := time.Now()
			if n, err := async.Start(t.Context(), p, c).Await(t.Context()); n != 3 || err != nil {
				t.Fatal(n, err)
			}
			if took := time.Since(begin); took != 6*time.Second {
				t.Fatalf("took %v", took)
			}
		})
	}
}

func TestOperationNobodyAwaitsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		p := s.open(t, 1)
		async.Start(t.Context(), p, writes(time.Second, time.Second))
		time.Sleep(3 * time.Second)
		if n := len(s.ran()); n != 2 {
			t.Fatalf("%d steps ran", n)
		}
	})
}

// finishing is a chain with a last step of user code.
type finishing struct {
	*chain
	finish func() (int, error)
	called *atomic.Bool
}

func (f finishing) Finish() (int, error) {
	f.called.Store(true)
	if v, err := f.Result(); err != nil {
		return v, err
	}
	return f.finish()
}

// The last step may run user code: it is not on a worker, so it may wait for the only
// connection, and may fail in any way.
func TestFinish(t *testing.T) {
	s := newServer()
	p := s.open(t, 1)
	ctx := t.Context()
	f := async.Start(ctx, p, finishing{reads(0), func() (int, error) {
		n, err := async.Start(ctx, p, reads(0, 0)).Await(ctx)
		return n + 40, err
	}, new(atomic.Bool)})
	if n, err := f.Await(ctx); n != 42 || err != nil {
		t.Fatal(n, err)
	}
	f = async.Start(ctx, p, finishing{reads(0), func() (int, error) { return panicsWith(errTest) }, new(atomic.Bool)})
	var p1 *async.PanicError
	if err := f.Wait(ctx); !errors.As(err, &p1) || !errors.Is(err, errTest) {
		t.Fatal(err)
	}
}

// It is called after a cancellation too: what it brings up to date must not be left
// behind.
func TestFinishAfterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newServer().open(t, 1)
		async.Start(t.Context(), p, reads(time.Second))
		synctest.Wait()
		c := finishing{reads(time.Second), nil, new(atomic.Bool)}
		if !async.Start(t.Context(), p, c).Cancel(errTest) {
			t.Fatal("not canceled")
		}
		synctest.Wait()
		if !c.called.Load() {
			t.Fatal("not finished")
		}
	})
}

// What has begun is finished before new work begins.
func TestStepsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		p := s.open(t, 1)
		async.Start(t.Context(), p, reads(1*time.Second, 2*time.Second))
		async.Start(t.Context(), p, reads(3*time.Second, 4*time.Second))
		time.Sleep(time.Minute)
		if ran := s.ran(); !slices.Equal(ran, []string{"1s", "2s", "3s", "4s"}) {
			t.Fatal(ran)
		}
	})
}

func TestOperationWithoutStatements(t *testing.T) {
	p := newServer().open(t, 1)
	if n, err := async.Start(t.Context(), p, reads()).Await(t.Context()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	c := reads()
	c.err = errTest // a mistake found while compiling
	if err := async.Start(t.Context(), p, c).Wait(t.Context()); err != errTest {
		t.Fatal(err)
	}
}

func TestOperationStopsAtAnError(t *testing.T) {
	s := newServer()
	p := s.open(t, 1)
	c := &chain{steps: []step{{"0s", driver.Write}, {"fail", driver.Write}, {"0s", driver.Write}}}
	if n, err := async.Start(t.Context(), p, c).Await(t.Context()); n != 1 || err != errTest {
		t.Fatal(n, err)
	}
	if ran := s.ran(); len(ran) != 2 {
		t.Fatal(ran)
	}
}

// TestCancellation goes through the states of an operation: by Cancel, and by the end
// of the operation's context.
func TestCancellation(t *testing.T) {
	cause := errors.New("changed my mind")
	for _, c := range []struct {
		name    string
		chain   func() *chain
		blocked bool // the only connection is busy for 5 s
		at      time.Duration
		decides bool // what Cancel reports
		ran     int  // statements of the chain that reached the server
		is      []error
		not     []error
	}{
		{"queued write", func() *chain { return writes(10 * time.Second) }, true, time.Second, true, 0, []error{cause, pool.ErrNotStarted}, []error{driver.ErrOutcomeUnknown}},
		{"queued read", func() *chain { return reads(10 * time.Second) }, true, time.Second, true, 0, []error{cause, pool.ErrNotStarted}, nil},
		{"running read", func() *chain { return reads(10 * time.Second) }, false, time.Second, false, 1, []error{cause}, []error{pool.ErrNotStarted, driver.ErrOutcomeUnknown}},
		{"running write", func() *chain { return writes(10 * time.Second) }, false, time.Second, false, 1, []error{cause, driver.ErrOutcomeUnknown}, []error{pool.ErrNotStarted}},
		{"second step running", func() *chain { return writes(time.Second, 10*time.Second, time.Second) }, false, 2 * time.Second, false, 2, []error{cause, driver.ErrOutcomeUnknown}, nil},
	} {
		for _, byContext := range []bool{false, true} {
			name := c.name + ", Cancel"
			if byContext {
				name = c.name + ", context"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer()
					p := s.open(t, 1)
					if c.blocked {
						async.Start(t.Context(), p, reads(5*time.Second))
						synctest.Wait()
					}
					before := len(s.ran())
					ctx, end := context.WithCancelCause(t.Context())
					defer end(nil)
					f := async.Start(ctx, p, c.chain())
					time.Sleep(c.at)
					begin := time.Now()
					if byContext {
						end(cause)
					} else if decided := f.Cancel(cause); decided != c.decides {
						t.Errorf("Cancel reports %v", decided)
					}
					err := f.Wait(t.Context())
					if took := time.Since(begin); took != 0 {
						t.Errorf("ended after %v", took)
					}
					for _, want := range c.is {
						if !errors.Is(err, want) {
							t.Errorf("error %q is not %q", err, want)
						}
					}
					for _, not := range c.not {
						if errors.Is(err, not) {
							t.Errorf("error %q is %q", err, not)
						}
					}
					time.Sleep(time.Minute)
					if ran := len(s.ran()) - before; ran != c.ran {
						t.Errorf("%d statements ran, want %d", ran, c.ran)
					}
				})
			})
		}
	}
}

// A cancellation that comes between two steps reaches the next one.
func TestCancelBetweenSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		p := s.open(t, 1)
		c := writes(time.Second, time.Second)
		var f *async.Future[int]
		c.between = func() { f.Cancel(errTest); c.between = nil }
		f = async.Start(t.Context(), p, c)
		if n, err := f.Await(t.Context()); n != 0 || !errors.Is(err, errTest) {
			t.Fatal(n, err)
		}
		time.Sleep(time.Minute)
		if ran := s.ran(); len(ran) != 1 {
			t.Fatal(ran)
		}
	})
}

// What cleans up after a cancellation is not canceled in turn.
func TestCleanupAfterCancel(t *testing.T) {
	for _, byContext := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			p := s.open(t, 1)
			async.Start(t.Context(), p, reads(2*time.Second))
			synctest.Wait()
			c := writes(time.Second)
			c.cleanup = &step{"3s", driver.Rollback}
			ctx, end := context.WithCancelCause(t.Context())
			defer end(nil)
			f := async.Start(ctx, p, c)
			synctest.Wait()
			if byContext {
				end(errTest)
			} else {
				f.Cancel(errTest)
			}
			time.Sleep(3 * time.Second) // it is being cleaned up now
			f.Cancel(errors.New("again"))
			if err := f.Wait(t.Context()); !errors.Is(err, errTest) {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if c.cleanupErr != nil {
				t.Fatal("the clean-up ended with", c.cleanupErr)
			}
			if ran := s.ran(); !slices.Equal(ran, []string{"2s", "3s"}) {
				t.Fatal(ran)
			}
		})
	}
}

// A waiter with little patience leaves in time, and the operation does not notice.
func TestShortPatienceOnAnOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		p := s.open(t, 1)
		async.Start(t.Context(), p, reads(time.Second)) // keeps the connection busy
		f := async.Start(t.Context(), p, reads(time.Second, time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if err := f.Wait(ctx); !errors.Is(err, async.ErrPending) || time.Since(begin) != 10*time.Millisecond {
			t.Fatal(err, time.Since(begin))
		}
		if n, err := f.Await(t.Context()); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}

// Await carries its operation out itself exactly if its patience can not end first.
func TestLending(t *testing.T) {
	for _, c := range []struct {
		name  string
		op    func() context.Context
		await func(op context.Context) context.Context
		lends bool
	}{
		{"no limits", context.Background, unlimited, true},
		{"patience without limit", cancelable, unlimited, true},
		{"the same", cancelable, func(op context.Context) context.Context { return op }, true},
		{"the same with a value", cancelable, func(op context.Context) context.Context { return context.WithValue(op, key{}, 1) }, true},
		{"patience may end first", context.Background, func(context.Context) context.Context { return cancelable() }, false},
		{"two limits", cancelable, func(op context.Context) context.Context {
			ctx, cancel := context.WithCancel(op)
			context.AfterFunc(op, cancel)
			return ctx
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lent := lends(t, func(p *pool.Pool) {
				ctx := c.op()
				if n, err := awaitHere(c.await(ctx), async.Start(ctx, p, reads(0, 0))); n != 2 || err != nil {
					t.Fatal(n, err)
				}
			})
			if lent != c.lends {
				t.Fatalf("lent: %v, want %v", lent, c.lends)
			}
		})
	}
}

// Futures made of operations pass the offer on, unless one part may be faster.
func TestLendingThroughCombinators(t *testing.T) {
	type future = async.Future[int]
	double := func(v int) (int, error) { return 2 * v, nil }
	for _, c := range []struct {
		name  string
		make  func(one func() *future) async.Awaitable
		lends bool
	}{
		{"Map", func(one func() *future) async.Awaitable { return async.Map(one(), double) }, true},
		{"Then", func(one func() *future) async.Awaitable {
			return async.Then(one(), func(int) *future { return async.Resolved(1) })
		}, true},
		{"Gather", func(one func() *future) async.Awaitable {
			return async.Gather(async.Resolved(1), async.Map(one(), double))
		}, true},
		{"Settle", func(one func() *future) async.Awaitable { return async.Settle(one(), one()) }, true},
		{"Race", func(one func() *future) async.Awaitable { return async.Race(one(), one()) }, false},
		{"Any", func(one func() *future) async.Awaitable { return async.Any(one(), one()) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lent := lends(t, func(p *pool.Pool) {
				ctx := context.Background()
				f := c.make(func() *future { return async.Start(ctx, p, reads(0)) })
				if err := waitHere(ctx, f); err != nil {
					t.Fatal(err)
				}
			})
			if lent != c.lends {
				t.Fatalf("lent: %v, want %v", lent, c.lends)
			}
		})
	}
}

// The second half of Then is lent to as well.
func TestLendingToTheSecondHalf(t *testing.T) {
	lent := lends(t, func(p *pool.Pool) {
		ctx := context.Background()
		gate := make(chan struct{})
		f := async.Then(async.Resolved(1), func(int) *async.Future[int] {
			inner := async.Start(ctx, p, reads(0))
			close(gate)
			return inner
		})
		<-gate
		if err := waitHere(ctx, f); err != nil {
			t.Fatal(err)
		}
	})
	if !lent {
		t.Fatal("not lent")
	}
}

// lends reports whether run carries statements out in awaitHere or waitHere. A worker
// may be faster, so it tries until one was, many times.
func lends(t *testing.T, run func(p *pool.Pool)) bool {
	t.Helper()
	s := newServer()
	var mine atomic.Bool
	s.at = func(string) {
		if onStack("awaitHere") || onStack("waitHere") {
			mine.Store(true)
		}
	}
	p := s.open(t, 1)
	if err := async.Start(t.Context(), p, reads(0)).Wait(cancelable()); err != nil { // connects
		t.Fatal(err)
	}
	for range 2000 {
		run(p)
		if mine.Load() {
			return true
		}
	}
	return false
}

func unlimited(context.Context) context.Context { return context.Background() }

// awaitHere has a name that onStack finds.
func awaitHere(ctx context.Context, f *async.Future[int]) (int, error) { return f.Await(ctx) }

func waitHere(ctx context.Context, f async.Awaitable) error { return f.Wait(ctx) }

type key struct{}

// cancelable is a context that could end, but does not.
func cancelable() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	context.AfterFunc(ctx, cancel)
	return ctx
}

// onStack reports whether a function of that name has called the caller.
func onStack(name string) bool {
	buf := make([]byte, 1<<14)
	stack := buf[:runtime.Stack(buf, false)]
	// The creator of the goroutine is printed last and does not count.
	if i := bytes.Index(stack, []byte("\ncreated by ")); i >= 0 {
		stack = stack[:i]
	}
	return bytes.Contains(stack, []byte(name))
}

// TestOperationStress mixes waiters, short patience, lending and Cancel over chains that
// use one pool.Op again and again.
func TestOperationStress(t *testing.T) {
	s := newServer()
	p := s.open(t, 2)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				ctx, cancel := context.WithCancel(context.Background())
				c := reads(0, 0, 0)
				c.reuse = i%2 == 0
				f := async.Start(ctx, p, c)
				var waiters sync.WaitGroup
				for range 3 {
					waiters.Go(func() {
						if n, err := f.Await(ctx); n != 3 && err == nil {
							t.Errorf("%d steps without an error", n)
						}
					})
				}
				decided := false
				switch (g + i) % 4 {
				case 0:
					decided = f.Cancel(errTest)
				case 1:
					cancel()
				case 2:
					waiters.Go(func() { f.Cancel(errTest) })
				}
				waiters.Wait()
				_, err := f.Await(context.Background())
				if decided && !errors.Is(err, errTest) {
					t.Errorf("Cancel decided, the result is %v", err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
}

func TestClosedPool(t *testing.T) {
	s := newServer()
	p := s.open(t, 1)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := async.Start(t.Context(), p, reads(0)).Wait(t.Context()); !errors.Is(err, pool.ErrClosed) || !errors.Is(err, pool.ErrNotStarted) {
		t.Fatal(err)
	}
}
