package pool_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// flights is slow, and notes the texts of what went out together.
func flights(log *[]string) *fake.Connector {
	k := slow(time.Millisecond)
	fly := k.OnFly
	k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
		var texts []string
		for i := range f.Statements {
			texts = append(texts, f.Statements[i].SQL)
		}
		*log = append(*log, strings.Join(texts, "+"))
		return fly(ctx, c, f)
	}
	return k
}

// owner is a lease whose connection is busy for a second.
func owner(t *testing.T, k driver.Connector, cfg pool.Config) (*pool.Pool, *pool.Lease) {
	t.Helper()
	cfg.Size = 1
	p := open(t, k, cfg)
	l := take(t, t.Context(), p, "tx")
	t.Cleanup(l.Release)
	l.Submit(t.Context(), write(time.Second), nil)
	synctest.Wait()
	return p, l
}

func TestReadsOfAnOwnerGoOutTogether(t *testing.T) {
	ms := time.Millisecond
	again := read(40 * ms)
	again.Continuation = true
	more := read(41 * ms)
	more.Continuation = true
	foreign, heavy, large := read(20*ms), read(21*ms), read(22*ms)
	foreign.Statements[0].Foreign = true
	heavy.Share.Shape = &pool.Shape{Lane: pool.LaneRead}
	heavy.Share.Shape.Learn(6 * ms)
	large.Statements[0].Args = []driver.Value{driver.Text(strings.Repeat("x", 64<<10+1))}
	for _, c := range []struct {
		name string
		ops  []*pool.Op
		cfg  pool.Config
		want string
	}{
		{"in their order", []*pool.Op{read(1 * ms), read(3 * ms), read(2 * ms)}, pool.Config{Flights: pool.LaneOn}, "1ms+3ms+2ms"},
		{"around a write", []*pool.Op{read(1 * ms), read(2 * ms), write(3 * ms), read(4 * ms), read(5 * ms)}, pool.Config{Flights: pool.LaneOn}, "1ms+2ms 3ms 4ms+5ms"},
		{"writes never", []*pool.Op{write(1 * ms), write(2 * ms)}, pool.Config{Flights: pool.LaneOn}, "1ms 2ms"},
		{"not what may do more than it says", []*pool.Op{read(1 * ms), foreign, read(2 * ms)}, pool.Config{Flights: pool.LaneOn}, "1ms 20ms 2ms"},
		{"not what is known to be slow", []*pool.Op{read(1 * ms), read(2 * ms), heavy, read(3 * ms)}, pool.Config{Flights: pool.LaneOn}, "1ms+2ms 21ms 3ms"},
		{"not what is large", []*pool.Op{read(1 * ms), large}, pool.Config{Flights: pool.LaneOn}, "1ms 22ms"},
		{"what goes on first", []*pool.Op{read(1 * ms), again, write(2 * ms), more}, pool.Config{Flights: pool.LaneOn}, "40ms+41ms+1ms 2ms"},
		{"not where it is switched off", []*pool.Op{read(1 * ms), read(2 * ms)}, pool.Config{Flights: pool.LaneOff}, "1ms 2ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log []string
				_, l := owner(t, flights(&log), c.cfg)
				ends := make(resolved, len(c.ops))
				for _, op := range c.ops {
					l.Submit(t.Context(), op, ends)
				}
				for range c.ops {
					if op := <-ends; op.Outcome() != nil {
						t.Error(op.Outcome())
					}
				}
				if got := strings.Join(log[2:], " "); got != c.want {
					t.Errorf("flights %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestReadsOfAnOwnerWithoutARoundTripGoOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		k := flights(&log)
		k.Traits.RoundTrip = false
		_, l := owner(t, k, pool.Config{Flights: pool.LaneOn})
		ends := make(resolved, 2)
		l.Submit(t.Context(), read(1*time.Millisecond), ends)
		l.Submit(t.Context(), read(2*time.Millisecond), ends)
		<-ends
		<-ends
		if got := strings.Join(log[2:], " "); got != "1ms 2ms" {
			t.Errorf("flights %q", got)
		}
	})
}

// Whoever blocks in Do, or lends its goroutine, takes part.
func TestAWaiterOfAnOwnerTakesTheOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		p := open(t, flights(&log), pool.Config{Size: 1, Flights: pool.LaneOn})
		l := take(t, t.Context(), p, "tx")
		defer l.Release()
		first, second := read(1*time.Millisecond), read(2*time.Millisecond)
		l.Submit(t.Context(), first, nil)
		l.Submit(t.Context(), second, nil)
		if !first.Lend() || !second.Ended() {
			t.Error("one of the two has not ended")
		}
		l.Submit(t.Context(), write(time.Second), nil)
		synctest.Wait()
		l.Submit(t.Context(), read(3*time.Millisecond), nil)
		if err := l.Do(t.Context(), read(4*time.Millisecond)); err != nil {
			t.Error(err)
		}
		if got := strings.Join(log[1:], " "); got != "1ms+2ms 1s 3ms+4ms" {
			t.Errorf("flights %q", got)
		}
		if s := p.Stats(); s.SharedReads.Sum != 4 {
			t.Errorf("%v reads are counted as shared", s.SharedReads.Sum)
		}
	})
}

// What ends one read of a flight leaves the others, and the connection, alone.
func TestACanceledReadOfAnOwnerLeavesTheOthersAlone(t *testing.T) {
	cause := errors.New("enough")
	for _, how := range []string{"cancel", "context", "context of Do"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log []string
				p, l := owner(t, flights(&log), pool.Config{Flights: pool.LaneOn})
				ctx, cancel := context.WithCancelCause(t.Context())
				ops := []*pool.Op{read(time.Second), read(2 * time.Second), read(3 * time.Second)}
				begin := time.Now()
				ends := make(resolved, 3)
				for i, op := range ops {
					if i == 1 && how == "context of Do" {
						go func() { _ = l.Do(ctx, op); ends <- op }()
						synctest.Wait()
					} else if i == 1 {
						l.Submit(ctx, op, ends)
					} else {
						l.Submit(t.Context(), op, ends)
					}
				}
				time.Sleep(1500 * time.Millisecond) // the flight is half a second old
				if how == "cancel" {
					ops[1].Cancel(cause)
				}
				cancel(cause)
				if op := <-ends; op != ops[1] || !errors.Is(op.Outcome(), cause) || errors.Is(op.Outcome(), pool.ErrNotStarted) || time.Since(begin) != 1500*time.Millisecond {
					t.Errorf("the canceled one after %v: %v", time.Since(begin), op.Outcome())
				}
				for range 2 {
					if op := <-ends; op.Outcome() != nil || op.Statements[0].Affected != 1 || time.Since(begin) != 7*time.Second {
						t.Errorf("a neighbour after %v: %v", time.Since(begin), op.Outcome())
					}
				}
				if s := p.Stats(); s.Canceled != 1 || len(log) != 3 {
					t.Errorf("%d canceled, flights %q", s.Canceled, log)
				}
			})
		})
	}
}

// The last one aboard is interrupted, and told when that is done.
func TestWhenAllReadsOfAnOwnerAreCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		fly := k.OnFly
		k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			handled, err := fly(ctx, c, f)
			if ctx.Err() != nil {
				time.Sleep(time.Second) // until the server has obeyed
				f.Statements[1].Err = aborted
			}
			return handled, err
		}
		_, l := owner(t, k, pool.Config{Flights: pool.LaneOn})
		ops := []*pool.Op{read(time.Hour), read(2 * time.Hour)}
		ends := make(resolved, 2)
		for _, op := range ops {
			l.Submit(t.Context(), op, ends)
		}
		time.Sleep(2 * time.Second)
		begin := time.Now()
		first, second := errors.New("first"), errors.New("second")
		ops[0].Cancel(first)
		if op := <-ends; op != ops[0] || !errors.Is(op.Outcome(), first) || time.Since(begin) != 0 {
			t.Errorf("the first after %v: %v", time.Since(begin), op.Outcome())
		}
		ops[1].Cancel(second)
		if op := <-ends; op != ops[1] || !errors.Is(op.Outcome(), second) || errors.Is(op.Outcome(), driver.ErrTxAborted) || time.Since(begin) != time.Second {
			t.Errorf("the second after %v: %v", time.Since(begin), op.Outcome())
		}
	})
}

func TestALeaseWhoseConnectionIsLostUnderReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := slow(time.Millisecond)
		n := lose(k, "7ms")
		_, l := owner(t, k, pool.Config{Flights: pool.LaneOn})
		*n = 1
		ends := make(resolved, 3)
		for _, op := range []*pool.Op{read(7 * time.Millisecond), read(0), write(0)} {
			l.Submit(t.Context(), op, ends)
		}
		for i := range 3 {
			op := <-ends
			if !errors.Is(op.Err(), driver.ErrConnectionLost) || errors.Is(op.Err(), pool.ErrNotStarted) != (i == 2) {
				t.Errorf("operation %d: %v", i, op.Err())
			}
		}
		if s := l.Status(); s != driver.Broken {
			t.Errorf("the connection is %v", s)
		}
	})
}

// step is a statement of the test that follows.
type step struct {
	sql   string
	class driver.Class
}

var steps = []step{
	{"SELECT id, nonce FROM items ORDER BY id LIMIT 2", driver.Read},
	{"SELECT n, n FROM items WHERE id = 1", driver.Read},
	{"SELECT count(*), 1 FROM items", driver.Read},
	{"SELECT 1 / n, 1 FROM items WHERE id = 2", driver.Read}, // fails
	{"SELECT no, such FROM items", driver.Read},              // fails
	{"UPDATE items SET n = n + 1 WHERE id = 1", driver.Write},
	{"DELETE FROM items WHERE id = (SELECT max(id) FROM items)", driver.Write},
	{"SAVEPOINT a", driver.Savepoint},
	{"ROLLBACK TO SAVEPOINT a", driver.Savepoint},
}

// play carries steps out in a transaction and tells what each was answered.
func play(t interface{ Fatal(...any) }, p *pool.Pool, todo []step, together bool) (told []string) {
	l := pool.NewLease("tx")
	begin := &pool.Op{Role: driver.Writer, Take: l}
	begin.Statements = []driver.Statement{{SQL: "BEGIN", Class: driver.Begin}}
	if err := p.Do(context.Background(), begin); err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	ends := make(resolved, len(todo))
	ops := make([]*pool.Op, len(todo))
	sinks := make([]*pair, len(todo))
	for i, s := range todo {
		sinks[i] = &pair{}
		ops[i] = &pool.Op{}
		ops[i].Statements = []driver.Statement{{SQL: s.sql, Class: s.class, Sink: sinks[i]}}
		l.Submit(context.Background(), ops[i], ends)
		if !together {
			<-ends
		}
	}
	if together {
		for range todo {
			<-ends
		}
	}
	for i, op := range ops {
		var kind driver.Kind
		if e, ok := errors.AsType[*driver.Error](op.Outcome()); ok {
			kind = e.Kind
		}
		told = append(told, fmt.Sprintf("%s: %v %d %v", todo[i].sql, sinks[i].got, op.Statements[0].Affected, kind))
	}
	return append(told, fmt.Sprint("the transaction is ", l.Status()))
}

// Sent together, the statements of an owner are answered as they are one by one.
func TestTogetherAnOwnerIsAnsweredAsOneByOne(t *testing.T) {
	s := openStore(t, testdb.Postgres(t), pool.Config{Size: 1, Flights: pool.LaneOn})
	before := s.p.Stats().SharedReads.Sum
	rapid.Check(t, func(t *rapid.T) {
		var todo []step
		for range rapid.IntRange(2, 20).Draw(t, "statements") {
			// Two of three only read.
			at := rapid.IntRange(0, 3*len(steps)-1).Draw(t, "statement")
			if at >= len(steps) {
				at %= 3
			}
			todo = append(todo, steps[at])
		}
		want, got := play(t, s.p, todo, false), play(t, s.p, todo, true)
		if !slices.Equal(got, want) {
			t.Fatalf("together\n%s\none by one\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
	if s.p.Stats().SharedReads.Sum == before {
		t.Error("no two reads went out together")
	}
}

// A canceled read of a transaction that is under way with others does not take the
// transaction with it.
func TestACanceledReadOfATransactionOnPostgres(t *testing.T) {
	url := testdb.Postgres(t)
	s := openStore(t, url, pool.Config{Size: 1, Flights: pool.LaneOn}, "CREATE TABLE closed (id bigint, nonce bigint)")
	c, err := postgres.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	other := open(t, c, pool.Config{Size: 3})
	on := func(r pool.Runner, class driver.Class, sql string) *pool.Op {
		op := &pool.Op{}
		op.Statements = []driver.Statement{{SQL: sql, Class: class}}
		if err := r.Do(t.Context(), op); err != nil || op.Outcome() != nil {
			t.Fatal(sql, err, op.Outcome())
		}
		return op
	}
	locked := func(table string) (unlock func()) {
		l := take(t, t.Context(), other, "lock")
		on(l, driver.Raw, "LOCK TABLE "+table)
		return l.Release
	}
	waited := func(table string) {
		for on(other, driver.Read, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '"+table+"'::regclass").Statements[0].Affected == 0 {
			runtime.Gosched()
		}
	}
	unlock, open := locked("items"), locked("closed")
	l := take(t, t.Context(), s.p, "tx")
	defer l.Release()
	at := func(table string) *pool.Op {
		op, _ := lookAt(nil, "SELECT id, nonce FROM "+table+" WHERE id = $1", 1)
		return op
	}
	ops := []*pool.Op{at("items"), at("items"), at("closed"), at("items")}
	ends := make(resolved, len(ops))
	l.Submit(t.Context(), ops[0], ends) // keeps the others waiting
	waited("items")
	for _, op := range ops[1:] {
		l.Submit(t.Context(), op, ends)
	}
	unlock()
	waited("closed")
	if op := <-ends; op != ops[0] || op.Outcome() != nil {
		t.Fatal(op.Outcome())
	}
	ops[2].Cancel(context.Canceled)
	if op := <-ends; op != ops[2] || !errors.Is(op.Outcome(), context.Canceled) {
		t.Fatal(op.Outcome())
	}
	open()
	for range 2 {
		if op := <-ends; op.Outcome() != nil || op.Statements[0].Affected != 1 {
			t.Error(op.Outcome())
		}
	}
	if s := l.Status(); s != driver.InTx {
		t.Errorf("the transaction is %v", s)
	}
}
