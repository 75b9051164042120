package drivertest

import (
	"context"
	"errors"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

var errStop = errors.New("somebody said stop")

var cancelTests = []test{
	{"nothing is carried out when the context has ended before", func(s *suite) {
		s.table()
		ctx, cancel := context.WithCancelCause(s.Context())
		cancel(errStop)
		st := s.flyOn(ctx, s.conn, write("INSERT INTO t (id) VALUES (1)"), write("INSERT INTO t (id) VALUES (2)"))
		for i := range st {
			s.kind(st[i].Err, driver.ErrCanceled)
			if !errors.Is(st[i].Err, errStop) || errors.Is(st[i].Err, driver.ErrOutcomeUnknown) {
				s.Errorf("statement %d: %v, want the cause and no doubt", i, st[i].Err)
			}
		}
		s.usable(s.conn)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"a statement that gives no rows yet ends with its deadline", func(s *suite) {
		ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
		defer cancel()
		s.ended(ctx, read(s.slow, nil), context.DeadlineExceeded)
	}},
	{"a statement that gives rows without end is stopped", func(s *suite) {
		ctx, cancel := context.WithCancelCause(s.Context())
		defer cancel(nil)
		n := 0
		s.ended(ctx, read(s.endless, each(func(driver.Row) error {
			if n++; n == 1000 {
				cancel(errStop)
			}
			return nil
		})), errStop)
	}},
	{"a write that is stopped is taken back", func(s *suite) {
		s.table()
		ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
		defer cancel()
		s.ended(ctx, write(s.slowWrite), context.DeadlineExceeded)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"a stopped statement fails its transaction", func(s *suite) {
		s.table()
		s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"))
		ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
		defer cancel()
		s.within("the flight", func() {
			st := s.flyOn(ctx, s.conn, read(s.slow, nil))
			if !errors.Is(st[0].Err, context.DeadlineExceeded) {
				s.Errorf("the statement's error is %v", st[0].Err)
			}
		})
		s.status(driver.InFailedTx)
		s.kind(s.fly(read("SELECT 1", nil))[0].Err, driver.ErrTxAborted)
		s.do(rollback())
		s.usable(s.conn)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"a flight whose context ends is over soon, and each statement is done or says why not", func(s *suite) {
		s.table()
		ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
		defer cancel()
		var st []driver.Statement
		s.within("the flight", func() {
			st = s.flyOn(ctx, s.conn, write("INSERT INTO t (id) VALUES (1)"), read(s.slow, nil), write("INSERT INTO t (id) VALUES (2)"), read(s.slow, nil), write("INSERT INTO t (id) VALUES (3)"))
		})
		if st[0].Err != nil {
			s.Errorf("the statement before: %v", st[0].Err)
		}
		s.kind(st[1].Err, driver.ErrCanceled)
		for i, id := range map[int]int64{0: 1, 2: 2, 4: 3} {
			stored := len(s.all("SELECT id FROM t WHERE id = "+s.p1, driver.Int64(id))) == 1
			if err := st[i].Err; (err == nil) != stored && !errors.Is(err, driver.ErrOutcomeUnknown) {
				s.Errorf("statement %d: stored is %v and the error %v", i, stored, err)
			} else if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				s.Errorf("statement %d: %v, want the cause", i, err)
			}
		}
		s.usable(s.conn)
	}},
	{"what ends early never stops a later statement", func(s *suite) {
		for i := range 40 {
			ctx, cancel := context.WithTimeout(s.Context(), time.Duration(i%8)*time.Millisecond)
			s.within("the flight", func() {
				s.flyOn(ctx, s.conn, read("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 20000) SELECT count(*) FROM r", nil))
			})
			cancel()
			s.usable(s.conn)
		}
	}},
}

// ended flies a statement that only ends with ctx and checks how it did.
func (s *suite) ended(ctx context.Context, statement driver.Statement, cause error) {
	s.Helper()
	if s.features.NoCancel {
		// The backend can not stop what runs, so it must not start what takes long: there
		// is nothing that both ends and shows the lack.
		s.Fatal("a backend that can not cancel needs its own tests of what it does instead")
	}
	s.within("the flight", func() {
		st := s.flyOn(ctx, s.conn, statement)
		s.kind(st[0].Err, driver.ErrCanceled)
		if !errors.Is(st[0].Err, cause) {
			s.Errorf("the error is %v, want the cause %v", st[0].Err, cause)
		}
	})
	s.usable(s.conn)
}
