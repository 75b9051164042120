package async_test

import (
	"context"
	"testing"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/pool"
)

// instant ends every operation at once.
type instant struct{}

func (instant) Submit(_ context.Context, op *pool.Op, r pool.Resolver) { r.Resolved(op) }
func (instant) Do(context.Context, *pool.Op) error                     { return nil }

// single is the plainest verb: one operation, in the object that holds the answer.
type single struct {
	op   pool.Op
	sent bool
	row  int64
}

func (s *single) Next() *pool.Op {
	if s.sent {
		return nil
	}
	s.sent = true
	return &s.op
}

func (s *single) Result() (int64, error) { return s.row, nil }

// sink keeps the compiler from placing futures on the stack.
var sink any

func TestAllocations(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name string
		most float64
		run  func()
	}{
		{"an operation from submitting to its result", 2, func() {
			f := async.Start(ctx, instant{}, new(single))
			if _, err := f.Await(ctx); err != nil {
				t.Error(err)
			}
			sink = f
		}},
		{"a promise", 2, func() { // the future, and its method as a function
			f, settle := async.New[int]()
			settle(1, nil)
			sink = f
		}},
	} {
		if n := testing.AllocsPerRun(1000, c.run); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}

	settled := async.Resolved(1)
	failed := async.Failed[int](errTest)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	for name, run := range map[string]func(){
		"Await":                           func() { _, _ = settled.Await(ctx) },
		"Await of an error":               func() { _, _ = failed.Await(ctx) },
		"Await without patience":          func() { _, _ = settled.Await(canceled) },
		"Wait":                            func() { _ = settled.Wait(ctx) },
		"Poll":                            func() { _, _, _ = settled.Poll() },
		"Done":                            func() { <-settled.Done() },
		"Cancel":                          func() { settled.Cancel(errTest) },
		"one goroutine asking Done again": asking(),
	} {
		if n := testing.AllocsPerRun(1000, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func asking() func() {
	pending, _ := async.New[int]()
	pending.Done()
	return func() { pending.Done() }
}
