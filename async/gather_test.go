package async_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/spillwaydb/spillway/async"
)

func TestGatherWaitsForAll(t *testing.T) {
	a, settleA := async.New[int]()
	b, settleB := async.New[int]()
	// c can not be canceled at once, as an operation that runs.
	stuck := &stubborn{canceled: make(chan error, 1)}
	c := stuck.future()
	f := async.Gather(a, b, c)
	settleA(1, nil)
	settleB(0, errTest)
	if cause := <-stuck.canceled; !errors.Is(cause, async.ErrNotNeeded) {
		t.Fatal(cause)
	}
	if _, _, ok := f.Poll(); ok {
		t.Fatal("settled while a part was running")
	}
	stuck.end()
	if err := f.Wait(t.Context()); err != errTest {
		t.Fatal(err)
	}
}

func TestGatherCanceled(t *testing.T) {
	a, settleA := async.New[int]()
	stuck := &stubborn{canceled: make(chan error, 2)}
	f := async.Gather(a, stuck.future())
	settleA(1, nil)
	cause := errors.New("changed my mind")
	if !f.Cancel(cause) || f.Cancel(errTest) {
		t.Fatal("want true, then false")
	}
	if _, _, ok := f.Poll(); ok {
		t.Fatal("settled while a part was running")
	}
	stuck.end() // too late: it succeeds
	if err := f.Wait(t.Context()); err != cause {
		t.Fatal(err)
	}
}

func TestGatherOrder(t *testing.T) {
	a, settleA := async.New[string]()
	b, settleB := async.New[string]()
	f := async.Gather(a, async.Resolved("x"), b, a)
	settleB("b", nil)
	settleA("a", nil)
	if vs, err := f.Await(t.Context()); err != nil || !slices.Equal(vs, []string{"a", "x", "b", "a"}) {
		t.Fatal(vs, err)
	}
}

func TestGatherTuples(t *testing.T) {
	pair, err := async.Gather2(async.Resolved(1), async.Resolved("two")).Await(t.Context())
	if pair != (async.Pair[int, string]{First: 1, Second: "two"}) || err != nil {
		t.Fatal(pair, err)
	}
	triple, err := async.Gather3(async.Resolved(1), async.Resolved("two"), async.Resolved(3.0)).Await(t.Context())
	if triple != (async.Triple[int, string, float64]{First: 1, Second: "two", Third: 3}) || err != nil {
		t.Fatal(triple, err)
	}
	open, _ := async.New[string]()
	if _, err := async.Gather2(async.Failed[int](errTest), open).Await(t.Context()); err != errTest {
		t.Fatal(err)
	}
	if err := open.Wait(t.Context()); !errors.Is(err, async.ErrNotNeeded) {
		t.Fatal(err)
	}
}

func TestSettle(t *testing.T) {
	a, settleA := async.New[int]()
	b, settleB := async.New[int]()
	f := async.Settle(a, b)
	settleA(0, errTest)
	if _, _, ok := f.Poll(); ok {
		t.Fatal("settled early")
	}
	settleB(2, nil)
	os, err := f.Await(t.Context())
	if err != nil || os[0].Err != errTest || os[1].Value != 2 || os[1].Err != nil {
		t.Fatal(os, err)
	}

	c, _ := async.New[int]()
	g := async.Settle(async.Resolved(1), c)
	if !g.Cancel(errTest) {
		t.Fatal("no outcome was decided")
	}
	if os, err := g.Await(t.Context()); err != nil || os[0].Value != 1 || os[1].Err != errTest {
		t.Fatal(os, err)
	}
}

func TestCombinatorsOfNothing(t *testing.T) {
	if vs, err := async.Gather[int]().Await(t.Context()); vs == nil || len(vs) != 0 || err != nil {
		t.Error("Gather:", vs, err)
	}
	if os, err := async.Settle[int]().Await(t.Context()); os == nil || len(os) != 0 || err != nil {
		t.Error("Settle:", os, err)
	}
	if err := async.Race[int]().Wait(t.Context()); err != async.ErrNoFutures {
		t.Error("Race:", err)
	}
	if err := async.Any[int]().Wait(t.Context()); err != async.ErrNoFutures {
		t.Error("Any:", err)
	}
}

func TestCombinatorsOfNil(t *testing.T) {
	one := async.Resolved(1)
	for name, f := range map[string]async.Awaitable{
		"Gather":  async.Gather(one, nil),
		"Gather2": async.Gather2(one, (*async.Future[string])(nil)),
		"Settle":  async.Settle(one, nil),
		"Race":    async.Race(one, nil),
		"Any":     async.Any(one, nil),
		"Map":     async.Map(nil, func(int) (int, error) { return 0, nil }),
		"Then":    async.Then(nil, func(int) *async.Future[int] { return one }),
	} {
		if err := f.Wait(t.Context()); !errors.Is(err, async.ErrNilFuture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
