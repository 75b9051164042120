package drivertest

import (
	"context"
	"errors"
	"sync"

	"github.com/spillwaydb/spillway/internal/driver"
)

var conflictTests = []test{
	{"who can not have a lock in time is told that it is busy", func(s *suite) {
		s.table()
		other := s.connect(driver.Writer)
		first, second := s.contended[0], s.contended[1]
		if first.Class != driver.Begin {
			s.do(s.begin())
			s.doOn(other, s.begin())
		}
		s.do(first)
		s.within("the refusal", func() {
			s.kind(s.flyOn(s.Context(), other, second)[0].Err, s.busy)
		})
		s.do(rollback())
		if err := other.Reset(s.Context(), driver.ResetRollback); err != nil {
			s.Fatal(err)
		}
		s.usable(other)
		s.doOn(other, s.begin(), write("INSERT INTO t (id) VALUES (1)"), commit())
	}},
	{"two transactions that change what the other one read can not both commit", func(s *suite) {
		s.table()
		s.do(write("INSERT INTO t (id, name) VALUES (1, 'old')"))
		other := s.connect(driver.Writer)
		if s.features.NoSerialization {
			// Writers wait for each other from the start: the second does not begin.
			s.do(s.begin())
			s.within("the refusal", func() {
				s.kind(s.flyOn(s.Context(), other, s.begin())[0].Err, driver.ErrBusy)
			})
			s.do(write("UPDATE t SET name = 'new'"), commit())
			s.doOn(other, s.begin(), write("UPDATE t SET name = 'newer'"), commit())
			return
		}
		begin := driver.Statement{SQL: s.beginSnapshot, Class: driver.Begin}
		s.do(begin, read("SELECT name FROM t", nil))
		s.doOn(other, begin, write("UPDATE t SET name = 'theirs'"), commit())
		s.kind(s.fly(write("UPDATE t SET name = 'mine'"))[0].Err, driver.ErrSerialization)
		s.status(driver.InFailedTx)
		s.do(rollback())
		s.usable(s.conn)
	}},
	{"of two transactions that wait for each other one is a deadlock's victim", func(s *suite) {
		if s.features.NoSerialization {
			// There is one lock only, so nothing can be taken in two orders; the test above
			// shows that the second writer is refused.
			s.table()
			other := s.connect(driver.Writer)
			s.do(s.begin())
			s.within("the refusal", func() {
				s.kind(s.flyOn(s.Context(), other, s.begin())[0].Err, driver.ErrBusy)
			})
			s.do(rollback())
			return
		}
		s.table()
		s.do(write("INSERT INTO t (id) VALUES (1), (2)"))
		other := s.connect(driver.Writer)
		s.do(s.begin(), write("UPDATE t SET name = 'a' WHERE id = 1"))
		s.doOn(other, s.begin(), write("UPDATE t SET name = 'b' WHERE id = 2"))
		errs := make([]error, 2)
		s.within("the deadlock", func() {
			var wg sync.WaitGroup
			for i, c := range []driver.Conn{s.conn, other} {
				wg.Go(func() {
					f := driver.Flight{Statements: []driver.Statement{write("UPDATE t SET name = 'c' WHERE id = "+s.p1, driver.Int64(int64(2-i)))}}
					errs[i] = errors.Join(c.Fly(s.Context(), &f), f.Err())
					if errs[i] != nil {
						// The victim's locks go at once, so the other one gets on.
						_ = c.Reset(context.WithoutCancel(s.Context()), driver.ResetRollback)
					}
				})
			}
			wg.Wait()
		})
		victims := 0
		for _, err := range errs {
			if err != nil {
				victims++
				s.kind(err, driver.ErrDeadlock)
			}
		}
		if victims != 1 {
			s.Errorf("%d victims: %v", victims, errs)
		}
	}},
}
