package drivertest

import (
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
)

var errSink = errors.New("the sink has had enough")

var sinkTests = []test{
	{"a sink's error ends its own statement only", func(s *suite) {
		var before, after rows
		calls := 0
		st := s.fly(
			read("SELECT 'before'", &before),
			read(s.several(), each(func(driver.Row) error { calls++; return errSink })),
			read("SELECT 'after'", &after),
		)
		if !errors.Is(st[1].Err, errSink) {
			s.Errorf("the statement's error is %v", st[1].Err)
		}
		if calls != 1 {
			s.Errorf("the sink was called %d times, want no row after its error", calls)
		}
		s.others(st, before, after)
	}},
	{"a sink that refuses the columns gets no rows", func(s *suite) {
		var before, after rows
		st := s.fly(
			read("SELECT 'before'", &before),
			read(s.several(), beginning(func([]driver.Column) error { return errSink })),
			read("SELECT 'after'", &after),
		)
		if !errors.Is(st[1].Err, errSink) {
			s.Errorf("the statement's error is %v", st[1].Err)
		}
		s.others(st, before, after)
	}},
	{"a sink's panic ends its own statement only", func(s *suite) {
		for _, sink := range []driver.Sink{
			each(func(driver.Row) error { panic(canary) }),
			beginning(func([]driver.Column) error { panic(canary) }),
		} {
			var before, after rows
			st := s.fly(read("SELECT 'before'", &before), read(s.several(), sink), read("SELECT 'after'", &after))
			if st[1].Err == nil {
				s.Error("a panic in a sink is no error")
			}
			s.others(st, before, after)
		}
	}},
	{"a sink's error inside a transaction leaves the transaction alone", func(s *suite) {
		s.table()
		st := s.fly(s.begin(), write("INSERT INTO t (id) VALUES (1)"), read(s.several(), each(func(driver.Row) error { return errSink })))
		if !errors.Is(st[2].Err, errSink) {
			s.Errorf("the statement's error is %v", st[2].Err)
		}
		s.status(driver.InTx)
		s.do(write("INSERT INTO t (id) VALUES (2)"), commit())
		if n := s.count("t"); n != 2 {
			s.Errorf("%d rows, want 2", n)
		}
	}},
	{"a column that is not there is an error, not a panic", func(s *suite) {
		st := s.fly(read("SELECT 1", each(func(r driver.Row) error {
			_, err := r.Int64(r.Len())
			return err
		})))
		if st[0].Err == nil {
			s.Error("reading behind the last column is no error")
		}
		s.usable(s.conn)
	}},
}

// several is a query of more rows than one read from a socket brings.
func (s *suite) several() string {
	return "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5000) SELECT n FROM r"
}

func (s *suite) others(st []driver.Statement, before, after rows) {
	s.Helper()
	if st[0].Err != nil || st[2].Err != nil || fmt.Sprint(before.rows, after.rows) != "[[before]] [[after]]" {
		s.Errorf("the others: %v %v, %v %v", before.rows, st[0].Err, after.rows, st[2].Err)
	}
	s.usable(s.conn)
}
