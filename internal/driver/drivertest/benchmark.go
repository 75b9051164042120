package drivertest

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Benchmark measures what every operation of an application is made of.
func Benchmark(b *testing.B, open Open) {
	s := newSuite(b, open)
	s.table()
	var st []driver.Statement
	for i := range 100 {
		st = append(st, write("INSERT INTO t (id, name) VALUES ("+s.p1+", "+s.p2+")", driver.Int64(int64(i)), driver.Text("some name")))
	}
	s.do(s.begin())
	s.do(st...)
	s.do(commit())

	byKey := "SELECT id, name FROM t WHERE id = " + s.p1
	b.Run("read one row", func(b *testing.B) {
		s.repeat(b, read(byKey, &drain{}, driver.Int64(7)))
	})
	b.Run("read 16 rows in one flight", func(b *testing.B) {
		var st []driver.Statement
		for i := range 16 {
			st = append(st, read(byKey, &drain{}, driver.Int64(int64(i))))
		}
		s.repeat(b, st...)
	})
	b.Run("read 100 rows", func(b *testing.B) {
		s.repeat(b, read("SELECT id, name FROM t", &drain{}))
	})
	b.Run("write one row", func(b *testing.B) {
		s.repeat(b, write("UPDATE t SET name = "+s.p2+" WHERE id = "+s.p1, driver.Int64(7), driver.Text("other name")))
	})
	b.Run("transaction in one flight", func(b *testing.B) {
		s.repeat(b, s.begin(), write("UPDATE t SET name = "+s.p2+" WHERE id = "+s.p1, driver.Int64(7), driver.Text("other name")), commit())
	})
}

// repeat flies one flight again and again.
func (s *suite) repeat(b *testing.B, st ...driver.Statement) {
	f := driver.Flight{Statements: st}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.conn.Fly(b.Context(), &f); err != nil {
			b.Fatal(err)
		}
		if err := f.Err(); err != nil {
			b.Fatal(err)
		}
	}
}

// drain reads every row and keeps nothing.
type drain struct{ sum int64 }

func (*drain) Begin([]driver.Column) error { return nil }

func (d *drain) Row(r driver.Row) error {
	id, err := r.Int64(0)
	if err != nil {
		return err
	}
	name, err := r.Text(1)
	d.sum += id + int64(len(name))
	return err
}
