package async_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/async"
)

var errTest = errors.New("test error")

func TestFutureIsReadManyTimes(t *testing.T) {
	f, settle := async.New[int]()
	if _, _, ok := f.Poll(); ok {
		t.Fatal("a new future has settled")
	}
	if !settle(7, nil) {
		t.Fatal("the first settle lost")
	}
	if settle(8, errTest) || f.Cancel(errTest) {
		t.Fatal("a settled future was settled again")
	}
	for range 2 {
		if v, err := f.Await(t.Context()); v != 7 || err != nil {
			t.Fatalf("Await: %v, %v", v, err)
		}
		if v, err, ok := f.Poll(); v != 7 || err != nil || !ok {
			t.Fatalf("Poll: %v, %v, %v", v, err, ok)
		}
		if err := f.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-f.Done()
	}
}

func TestFirstWriterWins(t *testing.T) {
	for range 200 {
		f, settle := async.New[int]()
		const writers = 8
		var won atomic.Int32
		var winner atomic.Value
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				err := errors.New(strconv.Itoa(i))
				ok := false
				if i%2 == 0 {
					ok = settle(i, err)
				} else {
					ok = f.Cancel(err)
				}
				if ok {
					won.Add(1)
					winner.Store(err)
				}
			})
			wg.Go(func() { _ = f.Wait(context.Background()) })
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d writers won", won.Load())
		}
		if err := f.Wait(t.Context()); err != winner.Load() {
			t.Fatalf("result %v, winner %v", err, winner.Load())
		}
	}
}

func TestThousandAwaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, settle := async.New[string]()
		var got, left atomic.Int32
		for i := range 1000 {
			go func() {
				ctx := context.Background()
				if i%2 == 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				}
				switch v, err := f.Await(ctx); {
				case v == "done" && err == nil:
					got.Add(1)
				case errors.Is(err, async.ErrPending):
					left.Add(1)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got.Load() != 0 || left.Load() != 500 {
			t.Fatalf("before: %d got it, %d left", got.Load(), left.Load())
		}
		settle("done", nil)
		synctest.Wait()
		if got.Load() != 500 || left.Load() != 500 {
			t.Fatalf("after: %d got it, %d left", got.Load(), left.Load())
		}
	})
}

func TestPatienceIsTheWaitersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, settle := async.New[int]()
		cause := errors.New("had enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		begin := time.Now()
		_, err := f.Await(ctx)
		if !errors.Is(err, async.ErrPending) || !errors.Is(err, cause) {
			t.Fatalf("want ErrPending and the cause, got %v", err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Fatalf("left after %v", took)
		}
		if _, _, ok := f.Poll(); ok {
			t.Fatal("leaving settled the future")
		}
		settle(1, nil)
		// The result is there, so patience does not matter any more.
		if v, err := f.Await(ctx); v != 1 || err != nil {
			t.Fatalf("Await with an ended context: %v, %v", v, err)
		}
	})
}

func TestDone(t *testing.T) {
	f, settle := async.New[int]()
	done := f.Done()
	if f.Done() != done {
		t.Fatal("Done gave two channels")
	}
	select {
	case <-done:
		t.Fatal("closed before the end")
	default:
	}
	settle(0, nil)
	<-done
	<-f.Done()
}

func TestCancelWithoutCause(t *testing.T) {
	f, _ := async.New[int]()
	if !f.Cancel(nil) || f.Cancel(nil) {
		t.Fatal("want true, then false")
	}
	if err := f.Wait(t.Context()); err != context.Canceled {
		t.Fatal(err)
	}
}

func TestResolvedAndFailed(t *testing.T) {
	if v, err := async.Resolved(3).Await(t.Context()); v != 3 || err != nil {
		t.Fatal(v, err)
	}
	if err := async.Failed[int](errTest).Wait(t.Context()); err != errTest {
		t.Fatal(err)
	}
}
