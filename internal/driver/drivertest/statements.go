package drivertest

import (
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/driver"
)

var statementTests = []test{
	{"Affected counts the rows that a statement changed", func(s *suite) {
		s.table()
		for _, c := range []struct {
			sql  string
			want int64
		}{
			{"INSERT INTO t (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')", 3},
			{"UPDATE t SET name = 'x' WHERE id > 1", 2},
			{"UPDATE t SET name = 'x' WHERE id > 100", 0},
			{"DELETE FROM t WHERE id = 1", 1},
			{"DELETE FROM t WHERE id = 1", 0},
			{"SELECT id FROM t", 2},
		} {
			if got := s.do(raw(c.sql))[0].Affected; got != c.want {
				s.Errorf("%s: Affected %d, want %d", c.sql, got, c.want)
			}
		}
	}},
	{"RETURNING gives the rows and counts them", func(s *suite) {
		s.schema("CREATE TABLE g (id " + s.key + ", name " + s.text + ")")
		var got rows
		st := write("INSERT INTO g (name) VALUES ("+s.p1+"), ("+s.p2+") RETURNING id, name", driver.Text("a"), driver.Text("b"))
		st.Sink = &got
		if n := s.do(st)[0].Affected; n != 2 {
			s.Errorf("Affected %d, want 2", n)
		}
		if fmt.Sprint(got.rows) != "[[1 a] [2 b]]" {
			s.Errorf("rows %v", got.rows)
		}
		if n := s.count("g"); n != 2 {
			s.Errorf("%d rows stored, want 2", n)
		}
	}},
	{"a sink begins once with the columns, also without rows", func(s *suite) {
		s.table()
		for _, sql := range []string{"SELECT id, name AS other FROM t", "SELECT id, name AS other FROM t WHERE id = -1"} {
			var got rows
			s.do(read(sql, &got))
			if got.begun != 1 || len(got.cols) != 2 || got.cols[0].Name != "id" || got.cols[1].Name != "other" {
				s.Fatalf("begun %d times with %v", got.begun, got.cols)
			}
			if got.cols[0].Type != s.integerType || got.cols[1].Type != s.textType {
				s.Errorf("types %v, want %s and %s", got.cols, s.integerType, s.textType)
			}
		}
	}},
	{"without a sink rows are dropped", func(s *suite) {
		s.do(read("SELECT 1", nil), raw("SELECT 2"))
		s.usable(s.conn)
	}},
	{"a statement runs many times and gives new answers", func(s *suite) {
		s.table()
		for i := range 30 {
			s.do(write("INSERT INTO t (id, name) VALUES ("+s.p1+", "+s.p2+")", driver.Int64(int64(i)), driver.Text("n")))
			if n := s.count("t"); n != int64(i+1) {
				s.Fatalf("%d rows after %d inserts", n, i+1)
			}
		}
	}},
	{"many different statements go over one connection", func(s *suite) {
		for i := range 700 {
			sql := fmt.Sprintf("SELECT %d AS c", i)
			if got := s.all(sql); fmt.Sprint(got) != fmt.Sprintf("[[%d]]", i) {
				s.Fatalf("%s answers %v", sql, got)
			}
		}
		if got := s.all("SELECT 0 AS c"); fmt.Sprint(got) != "[[0]]" {
			s.Errorf("the first statement answers %v when it comes back", got)
		}
	}},
	{"an argument may be NULL once and a value another time", func(s *suite) {
		s.table()
		s.do(
			write("INSERT INTO t (id, name) VALUES ("+s.p1+", "+s.p2+")", driver.Int64(1), driver.Null()),
			write("INSERT INTO t (id, name) VALUES ("+s.p1+", "+s.p2+")", driver.Int64(2), driver.Text("x")),
		)
		if got := s.all("SELECT name FROM t ORDER BY id"); fmt.Sprint(got) != "[[<nil>] [x]]" {
			s.Errorf("rows %v", got)
		}
	}},
	{"one text may hold only one statement", func(s *suite) {
		s.table()
		var got rows
		st := raw("SELECT 1; DELETE FROM t")
		st.Sink = &got
		if err := s.fly(st)[0].Err; err == nil {
			s.Error("two statements in one text are accepted")
		} else {
			s.kind(err, driver.ErrSyntax)
		}
		s.usable(s.conn)
	}},
	{"a statement sees a table that changed since it last ran", func(s *suite) {
		s.table()
		s.do(write("INSERT INTO t (id, name) VALUES (1, 'one')"))
		const q = "SELECT * FROM t"
		for range 3 {
			if got := s.all(q); fmt.Sprint(got) != "[[1 one]]" {
				s.Fatalf("rows %v", got)
			}
		}
		s.schema("ALTER TABLE t ADD COLUMN extra " + s.integer)
		for range 3 {
			var got rows
			s.do(read(q, &got))
			if len(got.cols) != 3 || fmt.Sprint(got.rows) != "[[1 one <nil>]]" {
				s.Fatalf("after ADD COLUMN: columns %v, rows %v", got.cols, got.rows)
			}
		}
		s.schema("DROP TABLE t", "CREATE TABLE t (name "+s.text+", flag "+s.boolean+")")
		s.do(write("INSERT INTO t VALUES ('new', "+s.p1+")", driver.Bool(true)))
		for range 3 {
			if got := s.all(q); fmt.Sprint(got) != "[[new true]]" {
				s.Fatalf("after the table was made anew: rows %v", got)
			}
		}
	}},
	{"a result may be long and its rows wide", func(s *suite) {
		n := 0
		s.do(read("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 20000) SELECT n FROM r", each(func(r driver.Row) error {
			v, err := r.Int64(0)
			if n++; v != int64(n) {
				return fmt.Errorf("row %d is %d", n, v)
			}
			return err
		})))
		if n != 20000 {
			s.Errorf("%d rows, want 20000", n)
		}
		var cols []string
		for i := range 500 {
			cols = append(cols, fmt.Sprintf("%d AS c%d", i, i))
		}
		var got rows
		s.do(read("SELECT "+strings.Join(cols, ", "), &got))
		if len(got.cols) != 500 || got.rows[0][499] != int64(499) || got.cols[499].Name != "c499" {
			s.Errorf("%d columns, the last is %v", len(got.cols), got.rows[0][len(got.cols)-1])
		}
	}},
}

// table makes the table t (id, name) that most tests use.
func (s *suite) table() {
	s.Helper()
	s.schema("CREATE TABLE t (id " + s.integer + " PRIMARY KEY, name " + s.text + ")")
}
