package pool_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// read is an operation of one statement that only reads; its text tells the fake how
// long it takes.
func read(d time.Duration) *pool.Op {
	op := &pool.Op{Role: driver.Reader}
	op.Statements = []driver.Statement{{SQL: d.String(), Class: driver.Read}}
	return op
}

func write(d time.Duration) *pool.Op {
	op := &pool.Op{Role: driver.Writer}
	op.Statements = []driver.Statement{{SQL: d.String(), Class: driver.Write}}
	return op
}

func class(c driver.Class) driver.Flight {
	return driver.Flight{Statements: []driver.Statement{{SQL: c.String(), Class: c}}}
}

// slow makes connecting take connect, and a statement as long as its text says.
func slow(connect time.Duration) *fake.Connector {
	return &fake.Connector{
		Traits: driver.Features{RoundTrip: true},
		OnConnect: func(ctx context.Context, _ driver.Role, _ int) error {
			return fake.Sleep(ctx, connect)
		},
		OnFly: func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			for i := range f.Statements {
				s := &f.Statements[i]
				if d, err := time.ParseDuration(s.SQL); err == nil {
					if s.Err = fake.Sleep(ctx, d); s.Err != nil {
						return true, nil
					}
					s.Affected = 1
				}
			}
			return false, nil
		},
	}
}

// open makes a pool that is closed, and checked for emptiness, at the end of the test.
func open(t testing.TB, k driver.Connector, cfg pool.Config) *pool.Pool {
	t.Helper()
	p, err := pool.New(k, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = p.Close(ctx)
		balanced(t, p)
	})
	return p
}

// balanced checks that every operation ended in exactly one way and nothing is left.
func balanced(t testing.TB, p *pool.Pool) {
	t.Helper()
	s := p.Stats()
	var rejected uint64
	for _, n := range s.Rejected {
		rejected += n
	}
	if got := s.OK + s.Failed + s.Canceled + s.Unknown + rejected; got != s.Submitted {
		t.Errorf("%d operations submitted, %d ended: %+v", s.Submitted, got, s.Rejected)
	}
	if s.Used+s.Idle+s.Opening+s.Draining+s.Waiting+s.Leased != 0 {
		t.Errorf("after Close: used %d, idle %d, opening %d, draining %d, waiting %d, leased %d",
			s.Used, s.Idle, s.Opening, s.Draining, s.Waiting, s.Leased)
	}
}

// warm opens n connections by running n operations at once, in virtual time.
func warm(t testing.TB, p *pool.Pool, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := p.Do(context.Background(), read(200*time.Millisecond)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	synctest.Wait() // a worker parks after its operation has ended
	if s := p.Stats(); s.Idle != n {
		t.Fatalf("want %d warm connections, have %d idle (opening %d)", n, s.Idle, s.Opening)
	}
}

// resolved collects the ends of operations.
type resolved chan *pool.Op

func (r resolved) Resolved(op *pool.Op) { r <- op }

// take makes a lease hold a connection.
func take(t testing.TB, ctx context.Context, p *pool.Pool, label string) *pool.Lease {
	t.Helper()
	l := pool.NewLease(label)
	op := &pool.Op{Role: driver.Writer, Take: l, Flight: class(driver.Begin)}
	if err := p.Do(ctx, op); err != nil {
		t.Fatal(err)
	}
	return l
}
