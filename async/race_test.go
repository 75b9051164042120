package async_test

import (
	"errors"
	"testing"

	"github.com/spillwaydb/spillway/async"
)

func TestRace(t *testing.T) {
	for _, err := range []error{nil, errTest} {
		a, _ := async.New[int]()
		b, settle := async.New[int]()
		f := async.Race(a, b)
		settle(2, err)
		if v, got := f.Await(t.Context()); v != 2 || got != err {
			t.Fatal(v, got)
		}
		if err := a.Wait(t.Context()); !errors.Is(err, async.ErrNotNeeded) {
			t.Fatal("the loser:", err)
		}
	}
}

func TestAny(t *testing.T) {
	a, settleA := async.New[int]()
	b, settleB := async.New[int]()
	c, _ := async.New[int]()
	f := async.Any(a, b, c)
	settleA(0, errTest)
	if _, _, ok := f.Poll(); ok {
		t.Fatal("settled with an error")
	}
	settleB(2, nil)
	if v, err := f.Await(t.Context()); v != 2 || err != nil {
		t.Fatal(v, err)
	}
	if err := c.Wait(t.Context()); !errors.Is(err, async.ErrNotNeeded) {
		t.Fatal("the loser:", err)
	}
}

func TestAnyJoinsErrors(t *testing.T) {
	other := errors.New("other")
	a, settleA := async.New[int]()
	b, settleB := async.New[int]()
	f := async.Any(a, b)
	settleB(0, other)
	settleA(0, errTest)
	err := f.Wait(t.Context())
	if !errors.Is(err, errTest) || !errors.Is(err, other) || err.Error() != "test error\nother" {
		t.Fatal(err)
	}
}

// A future that lives long must not collect the races it took part in.
func TestRaceLetsGo(t *testing.T) {
	stuck := &stubborn{canceled: make(chan error, 1000)}
	long := stuck.future()
	for range 100 {
		short, settle := async.New[int]()
		async.Race(short, long)
		async.Race(async.Resolved(1), long)
		async.Any(long, async.Resolved(1))
		settle(1, nil)
	}
	var ends []func(int, error) bool
	for range 5 {
		short, settle := async.New[int]()
		async.Race(short, long)
		ends = append(ends, settle)
	}
	for left, i := range []int{2, 0, 4, 3, 1} { // from the middle and both ends
		ends[i](1, nil)
		if n := async.Watched(long); n != 4-left {
			t.Fatalf("%d races hang from it, want %d", n, 4-left)
		}
	}
	if n := async.Watched(long); n != 0 {
		t.Fatalf("%d races still hang from it", n)
	}
	stuck.end()
}
