package drivertest

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
)

var transactionTests = []test{
	{"a transaction is unseen until it commits", func(s *suite) {
		s.table()
		other := s.connect(driver.Reader)
		s.do(s.begin())
		s.status(driver.InTx)
		s.do(write("INSERT INTO t (id) VALUES (1)"))
		if n := s.countOn(other, "t"); n != 0 {
			s.Errorf("another connection sees %d rows before the commit", n)
		}
		s.do(commit())
		s.status(driver.Idle)
		if n := s.countOn(other, "t"); n != 1 {
			s.Errorf("another connection sees %d rows after the commit", n)
		}
	}},
	{"a rollback takes everything back", func(s *suite) {
		s.table()
		s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"))
		s.status(driver.InTx)
		s.do(rollback())
		s.status(driver.Idle)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows after the rollback", n)
		}
	}},
	{"begin, work and commit share a flight", func(s *suite) {
		s.table()
		var got rows
		s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"), read("SELECT id FROM t", &got), write("INSERT INTO t (id) VALUES (2)"), commit())
		s.status(driver.Idle)
		if fmt.Sprint(got.rows) != "[[1]]" {
			s.Errorf("inside: %v", got.rows)
		}
		if n := s.countOn(s.connect(driver.Reader), "t"); n != 2 {
			s.Errorf("%d rows after the commit", n)
		}
	}},
	{"several transactions and single statements share a flight", func(s *suite) {
		s.table()
		st := s.fly(
			write("INSERT INTO t (id) VALUES (1)"),
			s.begin(), write("INSERT INTO t (id) VALUES (2)"), commit(),
			s.begin(), write("INSERT INTO t (id) VALUES (3)"), write("INSERT INTO t (id) VALUES (3)"), commit(),
			write("INSERT INTO t (id) VALUES (4)"),
			s.begin(), write("INSERT INTO t (id) VALUES (5)"), rollback(),
		)
		for i, want := range []driver.Kind{"", "", "", "", "", "", driver.ErrUnique, driver.ErrTxAborted, "", "", "", ""} {
			if want != "" {
				s.kind(st[i].Err, want)
			} else if st[i].Err != nil {
				s.Errorf("statement %d: %v", i, st[i].Err)
			}
		}
		if got := s.all("SELECT id FROM t ORDER BY id"); fmt.Sprint(got) != "[[1] [2] [4]]" {
			s.Errorf("rows %v", got)
		}
	}},
	{"the first error ends the transaction, and the commit fails", func(s *suite) {
		s.table()
		var after rows
		st := s.fly(
			s.begin(),
			write("INSERT INTO t (id) VALUES (1)"),
			write("INSERT INTO t (id) VALUES (1)"),
			read("SELECT id FROM t", &after),
			write("INSERT INTO t (id) VALUES (2)"),
			commit(),
		)
		s.kind(st[2].Err, driver.ErrUnique)
		for i := 3; i < 6; i++ {
			s.kind(st[i].Err, driver.ErrTxAborted)
		}
		if len(after.rows) != 0 {
			s.Errorf("a statement behind the error gave rows: %v", after.rows)
		}
		s.usable(s.conn)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"a failed transaction refuses everything until it is rolled back", func(s *suite) {
		s.table()
		s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"))
		s.kind(s.fly(write("INSERT INTO t (id) VALUES (1)"))[0].Err, driver.ErrUnique)
		s.status(driver.InFailedTx)
		s.kind(s.fly(read("SELECT 1", nil))[0].Err, driver.ErrTxAborted)
		s.kind(s.fly(write("INSERT INTO t (id) VALUES (2)"))[0].Err, driver.ErrTxAborted)
		s.status(driver.InFailedTx)
		s.do(rollback())
		s.usable(s.conn)
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"the commit of a failed transaction fails and ends it", func(s *suite) {
		s.table()
		s.do(s.begin())
		s.kind(s.fly(read("SELECT missing FROM nowhere", nil))[0].Err, driver.ErrNoTable)
		s.kind(s.fly(commit())[0].Err, driver.ErrTxAborted)
		s.usable(s.conn)
	}},
	{"a rollback behind an error in the same flight is carried out", func(s *suite) {
		s.table()
		st := s.fly(s.begin(), write("INSERT INTO t (id) VALUES (1)"), read("SELECT missing FROM nowhere", nil), rollback(), write("INSERT INTO t (id) VALUES (9)"))
		s.kind(st[2].Err, driver.ErrNoTable)
		if st[3].Err != nil || st[4].Err != nil {
			s.Errorf("rollback: %v, then: %v", st[3].Err, st[4].Err)
		}
		s.usable(s.conn)
		if got := s.all("SELECT id FROM t"); fmt.Sprint(got) != "[[9]]" {
			s.Errorf("rows %v", got)
		}
	}},
	{"a savepoint takes back what came after it", func(s *suite) {
		s.table()
		s.do(
			s.begin(), write("INSERT INTO t (id) VALUES (1)"),
			savepoint(`SAVEPOINT "sp 1"`), write("INSERT INTO t (id) VALUES (2)"),
			savepoint(`ROLLBACK TO SAVEPOINT "sp 1"`), write("INSERT INTO t (id) VALUES (3)"),
			savepoint(`RELEASE SAVEPOINT "sp 1"`), commit(),
		)
		if got := s.all("SELECT id FROM t ORDER BY id"); fmt.Sprint(got) != "[[1] [3]]" {
			s.Errorf("rows %v", got)
		}
	}},
	{"a failed transaction goes on after a return to its savepoint", func(s *suite) {
		s.table()
		s.do(s.begin(), write("INSERT INTO t (id) VALUES (1)"), savepoint("SAVEPOINT a"), savepoint("SAVEPOINT b"))
		s.kind(s.fly(write("INSERT INTO t (id) VALUES (1)"))[0].Err, driver.ErrUnique)
		s.status(driver.InFailedTx)
		s.do(savepoint("ROLLBACK TO SAVEPOINT b"))
		s.status(driver.InTx)
		s.do(write("INSERT INTO t (id) VALUES (2)"), savepoint("RELEASE SAVEPOINT b"), commit())
		s.usable(s.conn)
		if n := s.count("t"); n != 2 {
			s.Errorf("%d rows, want 2", n)
		}
	}},
	{"a deferred constraint fails the commit", func(s *suite) {
		s.deferred()
		st := s.fly(s.begin(), write("INSERT INTO child (id, parent) VALUES (1, 99)"), commit())
		if st[1].Err != nil {
			s.Errorf("the constraint was not deferred: %v", st[1].Err)
		}
		s.kind(st[2].Err, driver.ErrForeignKey)
		s.usable(s.conn)
		s.do(s.begin(), write("INSERT INTO child (id, parent) VALUES (2, 99)"))
		s.kind(s.fly(commit())[0].Err, driver.ErrForeignKey)
		s.usable(s.conn)
		if n := s.count("child"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"a deferred constraint fails a statement outside a transaction", func(s *suite) {
		s.deferred()
		st := s.fly(
			write("INSERT INTO child (id, parent) VALUES (1, 99)"),
			write("INSERT INTO parent (id) VALUES (5)"),
			write("INSERT INTO child (id, parent) VALUES (2, 5)"),
		)
		s.kind(st[0].Err, driver.ErrForeignKey)
		if st[1].Err != nil || st[2].Err != nil {
			s.Errorf("the others: %v, %v", st[1].Err, st[2].Err)
		}
		if got := s.all("SELECT id FROM child"); fmt.Sprint(got) != "[[2]]" {
			s.Errorf("rows %v", got)
		}
	}},
	{"DDL takes part in a transaction", func(s *suite) {
		s.do(s.begin(), driver.Statement{SQL: "CREATE TABLE gone (id " + s.integer + ")", Class: driver.Schema}, write("INSERT INTO gone VALUES (1)"), rollback())
		s.kind(s.fly(read("SELECT * FROM gone", nil))[0].Err, driver.ErrNoTable)
	}},
}

func (s *suite) deferred() {
	s.Helper()
	s.schema("CREATE TABLE parent (id "+s.integer+" PRIMARY KEY)",
		"CREATE TABLE child (id "+s.integer+" PRIMARY KEY, parent "+s.integer+" CONSTRAINT child_parent_fk REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")
}
