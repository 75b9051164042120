package drivertest

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
)

var flightTests = []test{
	{"an empty flight is nothing", func(s *suite) {
		s.fly()
		s.usable(s.conn)
	}},
	{"every statement of a flight gets its own answer", func(s *suite) {
		const k = 60
		sinks := make([]rows, k)
		var st []driver.Statement
		for i := range k {
			switch i % 3 {
			case 0: // the same text again and again
				st = append(st, read("SELECT "+s.p1+" + 0", &sinks[i], driver.Int64(int64(i))))
			case 1: // always new
				st = append(st, read(fmt.Sprintf("SELECT %d", i), &sinks[i]))
			default:
				st = append(st, raw("SELECT 'unseen' WHERE 1 = 0"))
			}
		}
		s.do(st...)
		for i := range k {
			if i%3 != 2 && fmt.Sprint(sinks[i].rows) != fmt.Sprintf("[[%d]]", i) {
				s.Errorf("statement %d got %v", i, sinks[i].rows)
			}
		}
	}},
	{"outside a transaction a failure leaves the other statements alone", func(s *suite) {
		s.table()
		st := s.fly(
			write("INSERT INTO t (id) VALUES (1)"),
			write("INSERT INTO t (id) VALUES (1)"),
			write("INSERT INTO t (id) VALUES (2)"),
			read("SELECT missing FROM nowhere", nil),
			write("INSERT INTO t (id) VALUES (3)"),
		)
		for i, want := range []driver.Kind{"", driver.ErrUnique, "", driver.ErrNoTable, ""} {
			if want == "" {
				if st[i].Err != nil {
					s.Errorf("statement %d: %v", i, st[i].Err)
				}
				continue
			}
			s.kind(st[i].Err, want)
		}
		if got := s.allOn(s.connect(driver.Reader), "SELECT id FROM t ORDER BY id"); fmt.Sprint(got) != "[[1] [2] [3]]" {
			s.Errorf("another connection sees %v", got)
		}
		s.usable(s.conn)
	}},
	{"a statement sees what the ones before it in the flight did", func(s *suite) {
		s.table()
		var got rows
		s.do(write("INSERT INTO t (id) VALUES (7)"), read("SELECT id FROM t", &got))
		if fmt.Sprint(got.rows) != "[[7]]" {
			s.Errorf("rows %v", got.rows)
		}
	}},
	{"DDL and statements that need it share a flight", func(s *suite) {
		var got rows
		s.do(
			driver.Statement{SQL: "CREATE TABLE f (id " + s.integer + ")", Class: driver.Schema},
			write("INSERT INTO f VALUES ("+s.p1+")", driver.Int64(5)),
			read("SELECT id FROM f", &got),
		)
		if fmt.Sprint(got.rows) != "[[5]]" {
			s.Errorf("rows %v", got.rows)
		}
	}},
	{"a flight flown again starts from clean answers", func(s *suite) {
		s.table()
		var got rows
		f := driver.Flight{Statements: []driver.Statement{
			write("INSERT INTO t (id) VALUES (1)"),
			read("SELECT count(*) FROM t", &got),
		}}
		for round, want := range []driver.Kind{"", driver.ErrUnique} {
			if err := s.conn.Fly(s.Context(), &f); err != nil {
				s.Fatal(err)
			}
			if want == "" && f.Err() != nil {
				s.Fatalf("round %d: %v", round, f.Err())
			} else if want != "" {
				s.kind(f.Err(), want)
			}
			if fmt.Sprint(got.rows) != "[[1]]" || got.begun != round+1 {
				s.Errorf("round %d: rows %v, begun %d times", round, got.rows, got.begun)
			}
		}
		if f.Statements[0].Affected != 0 {
			s.Errorf("the failed statement says Affected %d", f.Statements[0].Affected)
		}
		s.do(write("DELETE FROM t"))
		if err := s.conn.Fly(s.Context(), &f); err != nil || f.Err() != nil {
			s.Errorf("after the way was cleared: %v, %v", err, f.Err())
		}
	}},
	{"a large flight does not get stuck", func(s *suite) {
		// Both directions carry more than any buffer between the two sides.
		big := driver.Text(fill(200_000))
		var st []driver.Statement
		total := 0
		for range 60 {
			st = append(st, read("SELECT CAST("+s.p1+" AS "+s.text+")", each(func(r driver.Row) error {
				t, err := r.Text(0)
				total += len(t)
				return err
			}), big))
		}
		s.within("the flight", func() { s.do(st...) })
		if total != 60*200_000 {
			s.Errorf("%d bytes came back, want %d", total, 60*200_000)
		}
	}},
}

// fill returns n letters.
func fill(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return string(b)
}
