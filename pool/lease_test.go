package pool_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

func TestALeaseKeepsItsConnectionAndItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		var conns []int
		var texts []string
		fly := k.OnFly
		k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			if f.Statements[0].Class == driver.Read {
				return fly(ctx, c, f)
			}
			conns, texts = append(conns, c.N), append(texts, f.Statements[0].SQL)
			return fly(ctx, c, f)
		}
		p := open(t, k, pool.Config{Size: 4})
		warm(t, p, 4)
		l := take(t, t.Context(), p, "tx")
		ends := make(resolved, 3)
		for _, d := range []time.Duration{3, 1, 2} {
			l.Submit(t.Context(), write(d*time.Millisecond), ends)
		}
		for range 3 {
			if op := <-ends; op.Outcome() != nil {
				t.Error(op.Outcome())
			}
		}
		l.Release()
		for _, n := range conns {
			if n != conns[0] {
				t.Errorf("the owner's statements ran on connections %v", conns)
				break
			}
		}
		if got := strings.Join(texts, " "); got != "begin 3ms 1ms 2ms" {
			t.Errorf("order %q", got)
		}
	})
}

func TestReleaseRollsBackWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		resets := 0
		k.OnReset = func(context.Context, *fake.Conn) error { resets++; return nil }
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		l := take(t, t.Context(), p, "tx")
		queued := write(time.Second)
		ends := make(resolved, 2)
		running := write(time.Second)
		l.Submit(t.Context(), running, ends)
		l.Submit(t.Context(), queued, ends)
		synctest.Wait()
		l.Release()
		l.Release()
		if op := <-ends; op != queued || !errors.Is(op.Err(), pool.ErrReleased) {
			t.Errorf("queued: %v", op.Err())
		}
		if op := <-ends; op != running || op.Outcome() != nil {
			t.Errorf("running: %v", op.Outcome())
		}
		if resets != 1 {
			t.Errorf("%d resets, want 1", resets)
		}
		if err := l.Do(t.Context(), write(0)); !errors.Is(err, pool.ErrReleased) {
			t.Errorf("after Release: %v", err)
		}
		if l.Held() {
			t.Error("held after Release")
		}
		if err := p.Do(t.Context(), write(0)); err != nil || k.Opened() != 1 {
			t.Errorf("the connection was not used again: %v, %d opened", err, k.Opened())
		}
	})
}

func TestAResetThatFailsClosesTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		k.OnReset = func(ctx context.Context, _ *fake.Conn) error { <-ctx.Done(); return ctx.Err() }
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		l := take(t, t.Context(), p, "tx")
		begin := time.Now()
		l.Release()
		if d := time.Since(begin); d != time.Second {
			t.Errorf("Release took %v, want ResetTimeout", d)
		}
		if err := p.Do(t.Context(), write(0)); err != nil || k.Opened() != 2 {
			t.Errorf("%v, %d opened", err, k.Opened())
		}
	})
}

func TestATransactionLeftOpenByRawSQLIsRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		if err := p.Do(t.Context(), &pool.Op{Role: driver.Writer, Flight: class(driver.Begin)}); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats(); s.Resets != 1 {
			t.Errorf("%d resets", s.Resets)
		}
	})
}

func TestALeaseWhoseConnectionIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		n := lose(k, "7ms")
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		l := take(t, t.Context(), p, "tx")
		*n = 1
		ends := make(resolved, 2)
		l.Submit(t.Context(), write(7*time.Millisecond), ends)
		l.Submit(t.Context(), write(0), ends)
		if op := <-ends; !errors.Is(op.Err(), driver.ErrConnectionLost) || errors.Is(op.Err(), pool.ErrNotStarted) {
			t.Errorf("the statement under which it was lost: %v", op.Err())
		}
		if op := <-ends; !errors.Is(op.Err(), driver.ErrConnectionLost) || !errors.Is(op.Err(), pool.ErrNotStarted) {
			t.Errorf("the one behind it: %v", op.Err())
		}
		if err := p.Do(t.Context(), write(0)); err != nil {
			t.Errorf("the slot is not free while the owner still has its lease: %v", err)
		}
		l.Release()
	})
}

func TestLeakIsReportedOnceWithItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		p := open(t, slow(time.Millisecond), pool.Config{LeakAfter: time.Minute, Logger: slog.New(slog.NewTextHandler(&buf, nil))})
		l := take(t, t.Context(), p, "forgotten.go:12")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		l.Release()
		if n := strings.Count(buf.String(), "forgotten.go:12"); n != 1 || !strings.Contains(buf.String(), "take(") {
			t.Errorf("reported %d times, or without the place: %s", n, buf.String())
		}
		if s := p.Stats(); s.Leaks != 1 {
			t.Errorf("%d leaks counted", s.Leaks)
		}
	})
}

func TestCloseLetsWorkFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		done := make(chan error, 1)
		p.Submit(t.Context(), read(time.Second), &chain{p, 3, done})
		ends := make(resolved, 2)
		p.Submit(t.Context(), write(time.Second), ends)
		closed := make(chan error, 1)
		go func() { closed <- p.Close(context.Background()) }()
		synctest.Wait()
		if err := p.Do(t.Context(), read(0)); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("new work while closing: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("a chain that had begun: %v", err)
		}
		if op := <-ends; op.Outcome() != nil {
			t.Errorf("queued work: %v", op.Outcome())
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if k.Open() != 0 {
			t.Errorf("%d connections left", k.Open())
		}
		if err := p.Close(context.Background()); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 2, Overflow: pool.NoOverflow})
		l := take(t, t.Context(), p, "forgotten")
		ends := make(resolved, 2)
		p.Submit(t.Context(), write(time.Hour), ends)
		p.Submit(t.Context(), write(time.Hour), ends)
		synctest.Wait()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		err := p.Close(ctx)
		if d := time.Since(begin); err == nil || d < 3*time.Second || d > 4*time.Second {
			t.Errorf("after %v: %v", d, err)
		}
		for range 2 {
			if op := <-ends; !errors.Is(op.Outcome(), pool.ErrClosed) {
				t.Errorf("unfinished work: %v", op.Outcome())
			}
		}
		if err := l.Do(t.Context(), write(0)); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("the forgotten owner: %v", err)
		}
		if k.Open() != 0 {
			t.Errorf("%d connections left", k.Open())
		}
	})
}

func TestPingAsksTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		pings := 0
		k.OnPing = func(context.Context, *fake.Conn) error { pings++; return nil }
		p := open(t, k, pool.Config{})
		if err := p.Ping(t.Context()); err != nil || pings != 1 {
			t.Errorf("%v, %d pings", err, pings)
		}
	})
}

func TestALeaseReleasedWhileQueuedIsNeverTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		first := take(t, t.Context(), p, "first")
		second := pool.NewLease("second")
		op := &pool.Op{Role: driver.Writer, Take: second, Flight: class(driver.Begin)}
		ends := make(resolved, 1)
		p.Submit(t.Context(), op, ends)
		second.Release()
		first.Release()
		if <-ends; !errors.Is(op.Err(), pool.ErrReleased) || !errors.Is(op.Err(), pool.ErrNotStarted) {
			t.Errorf("the operation of a lease that was given up: %v", op.Err())
		}
		if second.Held() || p.Stats().Leases != 1 {
			t.Errorf("it was taken all the same")
		}
	})
}
