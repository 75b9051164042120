package async_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/async"
)

func TestGroupWaitsAndJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g async.Group
		other := errors.New("other")
		a, settleA := async.New[int]()
		b, settleB := async.New[string]()
		g.Add(a, b, async.Resolved(1))
		time.AfterFunc(2*time.Second, func() { settleA(0, errTest) })
		time.AfterFunc(time.Second, func() { settleB("", other) })
		begin := time.Now()
		err := g.Close(t.Context())
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("closed after %v", took)
		}
		if err == nil || err.Error() != "other\ntest error" {
			t.Error(err)
		}
		if again := g.Close(t.Context()); again == nil || again.Error() != err.Error() {
			t.Error("closed again:", again)
		}
		late, _ := async.New[int]()
		g.Add(late)
		if err := late.Wait(t.Context()); err != async.ErrGroupClosed {
			t.Error("added late:", err)
		}
	})
}

func TestGroupCancelsAtTheEndOfPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g async.Group
		stuck := &stubborn{canceled: make(chan error, 1)}
		open, _ := async.New[int]()
		g.Add(open, stuck.future(), async.Resolved(1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		go func() {
			<-stuck.canceled
			time.Sleep(time.Second) // what is running takes its time
			stuck.end()
		}()
		err := g.Close(ctx)
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("closed after %v", took)
		}
		if !errors.Is(err, async.ErrPending) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "2 of 3 futures") {
			t.Error(err)
		}
	})
}

func TestGroupBoundsItsMemory(t *testing.T) {
	var g async.Group
	g.Add(nil)
	for i := range 1000 {
		g.Add(async.Failed[int](fmt.Errorf("error %d", i)))
	}
	err := g.Close(t.Context())
	if !errors.Is(err, async.ErrNilFuture) || !strings.Contains(err.Error(), "error 62\n") ||
		strings.Contains(err.Error(), "error 63") || !strings.Contains(err.Error(), "and 937 more errors") {
		t.Fatal(err)
	}
}

func TestGroupOfNothing(t *testing.T) {
	var g async.Group
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestGroupFromManyGoroutines(t *testing.T) {
	var g async.Group
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				f, settle := async.New[int]()
				g.Add(f)
				wg.Go(func() { settle(1, nil) })
			}
		})
	}
	wg.Wait()
	closing, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 4 {
		wg.Go(func() {
			if err := g.Close(closing); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
