package async_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/async"
)

func TestCollectInOrderOfCompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delays := []int{30, 10, 20, 0, 40}
		fs := make([]*async.Future[int], len(delays))
		for i, d := range delays {
			f, settle := async.New[int]()
			fs[i] = f
			time.AfterFunc(time.Duration(d)*time.Second, func() {
				if d == 20 {
					settle(0, errTest)
				} else {
					settle(d, nil)
				}
			})
		}
		synctest.Wait()
		var got []int
		for v, err := range async.Collect(t.Context(), slices.Values(fs)) {
			if err != nil {
				if err != errTest {
					t.Error(err)
				}
				v = -1
			}
			got = append(got, v)
		}
		if want := []int{0, 10, -1, 30, 40}; !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// What has settled is yielded while seq still goes on, so an endless seq works.
func TestCollectFromEndlessSequence(t *testing.T) {
	n := 0
	for v, err := range async.Collect(t.Context(), func(yield func(*async.Future[int]) bool) {
		for i := 0; yield(async.Resolved(i)); i++ {
		}
	}) {
		if v != n || err != nil {
			t.Fatal(v, err)
		}
		if n++; n == 10 {
			break
		}
	}
}

func TestCollectLeavesWithoutTrace(t *testing.T) {
	a, settleA := async.New[int]()
	b, _ := async.New[int]()
	settleA(1, nil)
	for range async.Collect(t.Context(), slices.Values([]*async.Future[int]{b, a})) {
		break
	}
	if n := async.Watched(b); n != 0 {
		t.Fatalf("%d loops still hang from it", n)
	}
	if _, _, ok := b.Poll(); ok {
		t.Fatal("leaving the loop settled a future")
	}
}

func TestCollectPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, settle := async.New[int]()
		b, _ := async.New[int]()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.AfterFunc(time.Second, func() { settle(1, nil) })
		var errs []error
		for _, err := range async.Collect(ctx, slices.Values([]*async.Future[int]{a, nil, b})) {
			errs = append(errs, err)
		}
		if len(errs) != 3 || errs[0] != async.ErrNilFuture || errs[1] != nil ||
			!errors.Is(errs[2], async.ErrPending) || !errors.Is(errs[2], context.DeadlineExceeded) {
			t.Fatal(errs)
		}
		if _, _, ok := b.Poll(); ok {
			t.Fatal("patience settled a future")
		}
	})
}

// A result that is there is yielded, although patience has ended too.
func TestCollectPrefersResults(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			a, settleA := async.New[int]()
			b, settleB := async.New[int]()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(time.Second, func() { settleA(1, nil) })
			n := 0
			for v, err := range async.Collect(ctx, slices.Values([]*async.Future[int]{a, b})) {
				if n++; v != n || err != nil {
					t.Fatal(v, err)
				}
				settleB(2, nil)
				cancel()
			}
			if n != 2 {
				t.Fatalf("%d results", n)
			}
		})
	}
}

func TestCollectLeavesAnEndlessSequence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	taken := 0
	for _, err := range async.Collect(ctx, func(yield func(*async.Future[int]) bool) {
		for f, _ := async.New[int](); yield(f); {
			if taken++; taken == 3 {
				cancel()
			}
		}
	}) {
		if !errors.Is(err, async.ErrPending) {
			t.Fatal(err)
		}
	}
	if taken != 3 {
		t.Fatalf("%d futures taken", taken)
	}
}
