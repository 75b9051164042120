package pool_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

func TestRecycleWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ages []time.Duration
		var mu sync.Mutex
		born := map[*fake.Conn]time.Time{}
		k := slow(time.Millisecond)
		fly := k.OnFly
		k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			mu.Lock()
			if _, ok := born[c]; !ok {
				born[c] = time.Now()
			} else if age := time.Since(born[c]); age > time.Hour {
				t.Errorf("a connection of age %v was given work", age)
			}
			mu.Unlock()
			return fly(ctx, c, f)
		}
		k.OnClose = func(_ context.Context, c *fake.Conn) error {
			mu.Lock()
			defer mu.Unlock()
			ages = append(ages, time.Since(born[c]))
			return nil
		}
		p := open(t, k, pool.Config{Size: 10, Overflow: pool.NoOverflow, PrePing: pool.PingNever})
		warm(t, p, 10)
		for range 70 {
			time.Sleep(time.Minute)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { _ = p.Do(context.Background(), read(100*time.Millisecond)) })
			}
			wg.Wait()
		}
		mu.Lock()
		defer mu.Unlock()
		if len(ages) != 10 {
			t.Fatalf("%d connections were replaced in 70 minutes, want 10", len(ages))
		}
		distinct := map[time.Duration]bool{}
		for _, a := range ages {
			if a < 53*time.Minute {
				t.Errorf("replaced after %v, want 54 to 60 minutes", a)
			}
			distinct[a.Round(time.Minute)] = true
		}
		if len(distinct) < 3 {
			t.Errorf("all were replaced in the same minutes: %v", distinct)
		}
		if s := p.Stats(); s.Closes[pool.CloseRecycle] != 10 {
			t.Errorf("closes: %v", s.Closes)
		}
	})
}

func TestALongUseIsNeverKilledByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, slow(time.Millisecond), pool.Config{Recycle: time.Minute})
		if err := p.Do(t.Context(), read(time.Hour)); err != nil {
			t.Error(err)
		}
	})
}

// lose makes the connection break under the next flight whose text contains mark.
func lose(k *fake.Connector, mark string) (times *int) {
	times = new(int)
	fly := k.OnFly
	k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
		if *times > 0 && len(f.Statements) > 0 && strings.Contains(f.Statements[0].SQL, mark) {
			*times--
			return true, fake.Lost()
		}
		return fly(ctx, c, f)
	}
	return times
}

func TestALostConnectionRetiresItsGenerationAndReadsGoOnElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		n := lose(k, "7ms")
		p := open(t, k, pool.Config{Size: 5})
		warm(t, p, 5)
		*n = 1
		op := read(7 * time.Millisecond)
		if err := p.Do(t.Context(), op); err != nil || op.Outcome() != nil {
			t.Errorf("a read was not sent again: %v", op.Outcome())
		}
		s := p.Stats()
		if s.Generation != 1 {
			t.Errorf("generation %d, want 1", s.Generation)
		}
		for range 10 {
			if err := p.Do(t.Context(), read(0)); err != nil {
				t.Fatal(err)
			}
		}
		if s := p.Stats(); s.Closes[pool.CloseBroken] != 1 || s.Closes[pool.CloseInvalidated] == 0 {
			t.Errorf("closes %v", s.Closes)
		}
		*n = 2
		if err := p.Do(t.Context(), read(7*time.Millisecond)); !errors.Is(err, driver.ErrConnectionLost) {
			t.Errorf("a read whose connection was lost twice: %v", err)
		}
	})
}

func TestALostWriteIsNeverRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		done := 0
		k.AfterFly = func(_ context.Context, _ *fake.Conn, f *driver.Flight) error {
			if f.Statements[0].Class == driver.Write {
				done++
				return errors.Join(fake.Lost(), driver.ErrOutcomeUnknown)
			}
			return nil
		}
		p := open(t, k, pool.Config{})
		op := &pool.Op{Role: driver.Writer, Flight: class(driver.Write)}
		if err := p.Do(t.Context(), op); !errors.Is(err, driver.ErrOutcomeUnknown) || done != 1 {
			t.Errorf("carried out %d times, answered %v", done, err)
		}
		if s := p.Stats(); s.Unknown != 1 {
			t.Errorf("%d unknown outcomes counted", s.Unknown)
		}
	})
}

// A black hole: the other side is gone and closing takes for ever. The slot must be free
// at once all the same.
func TestABrokenConnectionIsClosedAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		n := lose(k, "7ms")
		k.OnClose = func(ctx context.Context, _ *fake.Conn) error {
			<-ctx.Done()
			return ctx.Err()
		}
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		*n = 1
		begin := time.Now()
		_ = p.Do(t.Context(), write(7*time.Millisecond))
		if err := p.Do(t.Context(), write(0)); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin); d > 10*time.Millisecond {
			t.Errorf("the next operation waited %v for the broken connection", d)
		}
		if s := p.Stats(); s.Draining != 1 {
			t.Errorf("%d draining", s.Draining)
		}
		time.Sleep(1100 * time.Millisecond)
		if s := p.Stats(); s.Draining != 0 {
			t.Errorf("%d draining after DrainTimeout", s.Draining)
		}
	})
}

func TestDrainingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		n := lose(k, "7ms")
		k.OnClose = func(ctx context.Context, _ *fake.Conn) error { <-ctx.Done(); return nil }
		p := open(t, k, pool.Config{Size: 2, Overflow: pool.NoOverflow})
		*n = 1000
		most := 0
		for range 50 {
			_ = p.Do(t.Context(), write(7*time.Millisecond))
			most = max(most, k.Open())
		}
		if most > 4 {
			t.Errorf("%d connections open on the server at once, want at most 2 in use and 2 draining", most)
		}
	})
}

func TestPrePingFindsAHalfOpenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		dead := false
		k.OnPing = func(ctx context.Context, c *fake.Conn) error {
			if dead && c.N <= 3 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		p := open(t, k, pool.Config{Size: 3})
		warm(t, p, 3)
		time.Sleep(time.Minute)
		dead = true
		begin := time.Now()
		if err := p.Do(t.Context(), write(0)); err != nil {
			t.Errorf("the caller saw %v", err)
		}
		if d := time.Since(begin); d < time.Second || d > 1100*time.Millisecond {
			t.Errorf("it took %v, want PingTimeout (1s) and a connect; the other two must not be asked too", d)
		}
	})
}

func TestConnectThatHangsLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		ok := k.OnConnect
		k.OnConnect = func(ctx context.Context, r driver.Role, n int) error {
			if n == 2 {
				<-ctx.Done()
				return ctx.Err()
			}
			return ok(ctx, r, n)
		}
		p := open(t, k, pool.Config{Size: 2, Overflow: pool.NoOverflow})
		var wg sync.WaitGroup
		begin := time.Now()
		for range 10 {
			wg.Go(func() {
				if err := p.Do(context.Background(), read(10*time.Millisecond)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d := time.Since(begin); d > 200*time.Millisecond {
			t.Errorf("took %v: the hanging attempt held others up", d)
		}
		time.Sleep(11 * time.Second)
		if s := p.Stats(); s.Opening != 0 || s.ConnectErrors != 1 {
			t.Errorf("opening %d, errors %d after ConnectTimeout", s.Opening, s.ConnectErrors)
		}
	})
}

func TestAServerThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		var down atomic.Bool
		var attempts atomic.Int32
		down.Store(true)
		k.OnConnect = func(context.Context, driver.Role, int) error {
			attempts.Add(1)
			if down.Load() {
				return &driver.Error{Kind: driver.ErrConnect, Message: "connection refused"}
			}
			return nil
		}
		p := open(t, k, pool.Config{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := p.Do(context.Background(), read(0)); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if s := p.Stats(); s.Up || s.Waiting != 20 {
			t.Errorf("up %v, waiting %d", s.Up, s.Waiting)
		}
		if n := attempts.Load(); n > 30 {
			t.Errorf("%d attempts in 10s: a storm", n)
		}
		down.Store(false)
		begin := time.Now()
		wg.Wait()
		if d := time.Since(begin); d > 5*time.Second {
			t.Errorf("recovered after %v, want one step of backoff", d)
		}
	})
}

func TestPingOfAServerThatIsDownFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(0)
		k.OnConnect = func(ctx context.Context, _ driver.Role, _ int) error {
			_ = fake.Sleep(ctx, time.Millisecond)
			return &driver.Error{Kind: driver.ErrConnect, Message: "connection refused"}
		}
		p := open(t, k, pool.Config{})
		p.Submit(t.Context(), read(0), nil)
		begin := time.Now()
		for range 10 {
			if err := p.Ping(t.Context()); !errors.Is(err, driver.ErrConnect) {
				t.Errorf("%v", err)
			}
		}
		if d := time.Since(begin); d > 20*time.Millisecond {
			t.Errorf("ten pings took %v", d)
		}
		if s := p.Stats(); s.Waiting != 1 {
			t.Errorf("%d operations wait on, want the one that is no ping", s.Waiting)
		}
	})
}

func TestTimeoutNamesWhyNothingConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(0)
		k.OnConnect = func(context.Context, driver.Role, int) error {
			return &driver.Error{Kind: driver.ErrConnect, Message: "connection refused"}
		}
		p := open(t, k, pool.Config{Timeout: 5 * time.Second})
		err := p.Do(t.Context(), read(0))
		if !errors.Is(err, pool.ErrTimeout) || !errors.Is(err, driver.ErrConnect) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%v", err)
		}
	})
}

func TestAccessDeniedEndsWhatWaitsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(0)
		k.OnConnect = func(ctx context.Context, _ driver.Role, _ int) error {
			_ = fake.Sleep(ctx, time.Millisecond)
			return &driver.Error{Kind: driver.ErrAuth, Message: "password authentication failed"}
		}
		p := open(t, k, pool.Config{})
		begin := time.Now()
		err := p.Do(t.Context(), read(0))
		if !errors.Is(err, driver.ErrAuth) || time.Since(begin) > time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

func TestAccessDeniedBesideWorkingConnectionsIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(0)
		k.OnConnect = func(ctx context.Context, _ driver.Role, n int) error {
			_ = fake.Sleep(ctx, 5*time.Millisecond)
			if n > 1 {
				return &driver.Error{Kind: driver.ErrAuth, Message: "the password was changed"}
			}
			return nil
		}
		p := open(t, k, pool.Config{Size: 10, Overflow: pool.NoOverflow})
		warm(t, p, 1)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := p.Do(context.Background(), read(2*time.Millisecond)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s := p.Stats(); s.ConnectErrors == 0 {
			t.Error("no further connection was tried: the test shows nothing")
		}
	})
}

func TestReadOnlyServerCountsAsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		demoted := 1
		k.OnFly = func(_ context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			if c.N <= demoted && f.Statements[0].Class == driver.Write {
				f.Statements[0].Err = &driver.Error{Kind: driver.ErrReadOnly}
				return true, nil
			}
			return false, nil
		}
		p := open(t, k, pool.Config{Size: 1, Overflow: pool.NoOverflow})
		op := write(0)
		if err := p.Do(t.Context(), op); err != nil || !errors.Is(op.Outcome(), driver.ErrReadOnly) {
			t.Fatalf("%v", op.Outcome())
		}
		if op := write(0); p.Do(t.Context(), op) != nil || op.Outcome() != nil {
			t.Errorf("the next write met the demoted server again: %v", op.Outcome())
		}
		if s := p.Stats(); s.Closes[pool.CloseReadOnly] != 1 {
			t.Errorf("closes %v", s.Closes)
		}
		// A read-only transaction that its owner asked for is no such sign.
		demoted = 100
		l := pool.NewLease("reader")
		l.ReadOnly = true
		if err := p.Do(t.Context(), &pool.Op{Role: driver.Writer, Take: l, Flight: class(driver.Begin)}); err != nil {
			t.Fatal(err)
		}
		gen := p.Stats().Generation
		_ = l.Do(t.Context(), write(0))
		l.Release()
		if got := p.Stats().Generation; got != gen {
			t.Errorf("generation went from %d to %d", gen, got)
		}
	})
}

func TestOverflowIsClosedWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 2, Overflow: 3, OverflowLinger: time.Minute})
		var leases []*pool.Lease
		for range 5 {
			leases = append(leases, take(t, t.Context(), p, "x"))
		}
		for _, l := range leases {
			l.Release()
		}
		time.Sleep(59 * time.Second)
		if n := k.Open(); n != 5 {
			t.Errorf("%d connections before OverflowLinger is over, want 5", n)
		}
		time.Sleep(2 * time.Second)
		if n := k.Open(); n != 2 {
			t.Errorf("%d connections after it, want 2", n)
		}
	})
}

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 3, IdleTimeout: time.Minute})
		warm(t, p, 3)
		for range 10 {
			time.Sleep(20 * time.Second)
			if err := p.Do(t.Context(), read(0)); err != nil {
				t.Fatal(err)
			}
		}
		if n := k.Open(); n != 1 {
			t.Errorf("%d connections are left of 3 when one is used, want 1", n)
		}
	})
}

func TestResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		p := open(t, k, pool.Config{Size: 2, Overflow: pool.NoOverflow})
		a, b := take(t, t.Context(), p, "a"), take(t, t.Context(), p, "b")
		ends := make(resolved, 1)
		p.Submit(t.Context(), read(0), ends)
		if err := p.Resize(3, pool.NoOverflow); err != nil {
			t.Fatal(err)
		}
		<-ends
		if err := p.Resize(1, pool.NoOverflow); err != nil {
			t.Fatal(err)
		}
		a.Release()
		b.Release()
		time.Sleep(time.Second)
		if n := k.Open(); n != 1 {
			t.Errorf("%d connections after Resize to 1", n)
		}
		if err := p.Resize(-5, 0); err == nil || !strings.Contains(err.Error(), "Size is -5") {
			t.Errorf("Resize(-5): %v", err)
		}
	})
}
