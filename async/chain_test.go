package async_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

// chain is a verb of the tests: its steps are carried out one after another until one
// fails; the result is how many were.
type chain struct {
	steps []step
	reuse bool // every step is the same pool.Op, filled anew
	// cleanup is carried out after a failure.
	cleanup *step
	// between runs before each step but the first.
	between func()

	op         *pool.Op
	done       int
	err        error
	cleanupErr error
	end        bool
}

type step struct {
	sql   string
	class driver.Class
}

func (c *chain) Next() *pool.Op {
	if c.op != nil {
		if err := c.op.Outcome(); err == nil {
			c.done++
		} else if c.err == nil {
			c.err = err
		} else {
			c.cleanupErr = err
		}
		if c.between != nil {
			c.between()
		}
	}
	var s step
	switch {
	case c.err != nil && c.cleanup == nil, c.err == nil && len(c.steps) == 0:
		return nil
	case c.err != nil:
		s, c.cleanup = *c.cleanup, nil
	default:
		s, c.steps = c.steps[0], c.steps[1:]
	}
	if c.op == nil || !c.reuse {
		c.op = new(pool.Op)
	}
	c.op.Role = driver.Writer
	if s.class == driver.Read {
		c.op.Role = driver.Reader
	}
	c.op.Statements = []driver.Statement{{SQL: s.sql, Class: s.class}}
	return c.op
}

func (c *chain) Result() (int, error) {
	if c.end {
		panic("Result was called twice")
	}
	c.end = true
	return c.done, c.err
}

// reads is a chain that takes that long in all, step by step.
func reads(ds ...time.Duration) *chain {
	c := new(chain)
	for _, d := range ds {
		c.steps = append(c.steps, step{d.String(), driver.Read})
	}
	return c
}

func writes(ds ...time.Duration) *chain {
	c := reads(ds...)
	for i := range c.steps {
		c.steps[i].class = driver.Write
	}
	return c
}

// server answers statements whose text is a duration after that time, queries by key
// after so many milliseconds, and "fail" with an error. It notes what ran.
type server struct {
	fake.Connector

	ending time.Duration    // what COMMIT and ROLLBACK take
	at     func(sql string) // hears of each start

	mu  sync.Mutex
	log []string
}

func newServer() *server {
	s := new(server)
	s.Traits.RoundTrip = true
	s.OnFly = s.fly
	return s
}

func (s *server) fly(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
	for i := range f.Statements {
		st := &f.Statements[i]
		s.mu.Lock()
		s.log = append(s.log, st.SQL)
		s.mu.Unlock()
		if s.at != nil {
			s.at(st.SQL)
		}
		if st.SQL == "fail" {
			st.Err = errTest
			continue
		}
		d, err := time.ParseDuration(st.SQL)
		switch {
		case st.Class == driver.Begin:
			c.SetStatus(driver.InTx)
		case st.Class == driver.Commit || st.Class == driver.Rollback && err != nil:
			d = s.ending
			c.SetStatus(driver.Idle)
		case err != nil && len(st.Args) > 0: // SELECT … WHERE id = milliseconds
			d = time.Duration(st.Args[0].Int64()) * time.Millisecond
		case err != nil:
			st.Err = err
			continue
		}
		if err := fake.Sleep(ctx, d); err != nil {
			st.Err = err
			if st.Class != driver.Read {
				st.Err = fmt.Errorf("%w: %w", driver.ErrOutcomeUnknown, err)
			}
			continue
		}
		st.Affected = 1
	}
	return true, nil
}

func (s *server) ran() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

// open makes a pool of n connections over s.
func (s *server) open(t testing.TB, n int) *pool.Pool {
	t.Helper()
	p, err := pool.New(s, pool.Config{Size: n, Overflow: pool.NoOverflow, Recycle: pool.Never})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}
