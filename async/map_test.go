package async_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/spillwaydb/spillway/async"
)

func TestChainNobodyAwaitsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, settle := async.New[int]()
		var ran atomic.Int32
		submitted, submit := async.New[int]()
		async.Map(async.Then(f, func(v int) *async.Future[int] {
			ran.Add(1)
			return submitted
		}), func(v int) (string, error) {
			ran.Add(1)
			return strconv.Itoa(v), nil
		})
		settle(1, nil)
		synctest.Wait()
		if ran.Load() != 1 {
			t.Fatalf("%d functions ran after the first future", ran.Load())
		}
		submit(2, nil)
		synctest.Wait()
		if ran.Load() != 2 {
			t.Fatalf("%d functions ran in all", ran.Load())
		}
	})
}

// A function that waits for other futures, and those for others, ends however many do.
func TestFunctionsMayWaitForEachOther(t *testing.T) {
	f, settle := async.New[int]()
	last := f
	for range 1000 {
		before := last
		last = async.Map(f, func(int) (int, error) {
			v, err := before.Await(context.Background())
			return v + 1, err
		})
	}
	settle(0, nil)
	if v, err := last.Await(t.Context()); v != 1000 || err != nil {
		t.Fatal(v, err)
	}
}

func TestMapPassesErrorsOn(t *testing.T) {
	ran := false
	f := async.Map(async.Failed[int](errTest), func(int) (int, error) { ran = true; return 0, nil })
	if err := f.Wait(t.Context()); err != errTest || ran {
		t.Fatal(err, ran)
	}
	g := async.Map(async.Resolved(1), func(int) (int, error) { return 5, errTest })
	if err := g.Wait(t.Context()); err != errTest {
		t.Fatal(err)
	}
}

// A canceled function does not start, although the future before it went on and
// succeeded.
func TestCanceledFunctionDoesNotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := &stubborn{canceled: make(chan error, 1)}
		f := async.Map(stuck.future(), func(int) (int, error) { t.Error("ran"); return 0, nil })
		if !f.Cancel(errTest) || <-stuck.canceled != errTest {
			t.Error("not canceled")
		}
		stuck.end()
		synctest.Wait()
	})
}

func TestThenRefuses(t *testing.T) {
	if err := async.Then(async.Resolved(1), func(int) *async.Future[int] { return nil }).Wait(t.Context()); !errors.Is(err, async.ErrNilFuture) {
		t.Error("nil:", err)
	}
	var self *async.Future[int]
	f, settle := async.New[int]()
	self = async.Then(f, func(int) *async.Future[int] { return self })
	settle(1, nil)
	if err := self.Wait(t.Context()); err == nil || errors.Is(err, async.ErrPending) {
		t.Error("itself:", err)
	}
}

func TestCancelOfDerived(t *testing.T) {
	cause := errors.New("changed my mind")
	for _, c := range []struct {
		name string
		// run cancels at some moment and returns the canceled future and those that must
		// have been canceled with it.
		run func(t *testing.T) (*async.Future[int], bool, []async.Awaitable)
	}{
		{"Map before its source", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			src, _ := async.New[int]()
			f := async.Map(src, func(int) (int, error) { t.Error("ran"); return 0, nil })
			return f, f.Cancel(cause), []async.Awaitable{src}
		}},
		{"Map while it runs", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			gate := make(chan struct{})
			defer close(gate)
			f := async.Map(async.Resolved(1), func(int) (int, error) { <-gate; return 1, nil })
			synctest.Wait()
			return f, f.Cancel(cause), nil
		}},
		{"Then before its source", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			src, _ := async.New[int]()
			f := async.Then(src, func(int) *async.Future[int] { t.Error("ran"); return nil })
			return f, f.Cancel(cause), []async.Awaitable{src}
		}},
		{"Then while it runs", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			gate := make(chan struct{})
			inner, _ := async.New[int]()
			f := async.Then(async.Resolved(1), func(int) *async.Future[int] { <-gate; return inner })
			synctest.Wait()
			won := f.Cancel(cause)
			close(gate)
			synctest.Wait()
			return f, won, []async.Awaitable{inner}
		}},
		{"Then in its second half", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			inner, _ := async.New[int]()
			f := async.Then(async.Resolved(1), func(int) *async.Future[int] { return inner })
			synctest.Wait()
			return f, f.Cancel(cause), []async.Awaitable{inner}
		}},
		{"Race", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			a, _ := async.New[int]()
			b, _ := async.New[int]()
			f := async.Race(a, b)
			return f, f.Cancel(cause), []async.Awaitable{a, b}
		}},
		{"Any", func(t *testing.T) (*async.Future[int], bool, []async.Awaitable) {
			a, _ := async.New[int]()
			b, _ := async.New[int]()
			f := async.Any(a, b)
			return f, f.Cancel(cause), []async.Awaitable{a, b}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, won, parts := c.run(t)
				if !won {
					t.Error("Cancel did not decide the result")
				}
				if _, err, ok := f.Poll(); !ok || err != cause {
					t.Errorf("settled %v with %v", ok, err)
				}
				if f.Cancel(errTest) {
					t.Error("a second Cancel decided too")
				}
				for i, p := range parts {
					select {
					case <-p.Done():
						if err := p.Wait(t.Context()); err != cause {
							t.Errorf("part %d: %v", i, err)
						}
					default:
						t.Errorf("part %d goes on", i)
					}
				}
			})
		})
	}
}
