package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// copied makes a statement with rows to copy.
func copied(table string, columns string, rows ...[]driver.Value) driver.Statement {
	return driver.Statement{SQL: "COPY " + table, Copy: &driver.Copy{Table: table, Columns: strings.Fields(columns), Rows: rows}}
}

// copies reports whether the backend takes copies in; if not, it checks the refusal.
func (s *suite) copies() bool {
	s.Helper()
	if s.features.Copy {
		return true
	}
	s.schema("CREATE TABLE n (id " + s.integer + ")")
	row := []driver.Value{driver.Int64(1)}
	done := s.fly(copied("n", "id", row))
	s.kind(done[0].Err, driver.ErrSyntax)
	done = s.fly(write("INSERT INTO n (id) VALUES (1)"), copied("n", "id", row))
	s.kind(done[0].Err, driver.ErrSyntax)
	s.kind(done[1].Err, driver.ErrSyntax)
	if n := s.count("n"); n != 0 {
		s.Errorf("%d rows of a refused flight", n)
	}
	s.usable(s.conn)
	return false
}

var copyTests = []test{
	{"rows of every kind arrive, NULLs too", func(s *suite) {
		if !s.copies() {
			return
		}
		s.schema("CREATE TABLE k (id " + s.integer + ", b " + s.boolean + ", f " + s.float + ", t " + s.text + ", x " + s.binary + ", at " + s.timestamp + ", u " + s.uuid + ", j " + s.json + ", \"odd \"\"name\" " + s.text + ")")
		at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
		text := "tab\t, line\n, return\r, \\N, \\., quote\", ü"
		row := []driver.Value{
			driver.Int64(-7), driver.Bool(true), driver.Float64(0.1), driver.Text(text), driver.Bytes([]byte{0, 1, 255, '\\', '\t'}),
			driver.Time(at), driver.UUID([16]byte{15: 9}), driver.JSON([]byte(`{"a": "\t"}`)), driver.Text("odd"),
		}
		none := []driver.Value{driver.Int64(8), {}, {}, {}, {}, {}, {}, {}, {}}
		st := copied("k", "id b f t x at u j", row, none)
		st.Copy.Columns = append(st.Copy.Columns, `odd "name`)
		if n := s.do(st)[0].Affected; n != 2 {
			s.Errorf("Affected %d, want 2", n)
		}
		got := s.all("SELECT * FROM k ORDER BY id")
		if len(got) != 2 || fmt.Sprint(got[0][:5]) != fmt.Sprint([]any{int64(-7), true, 0.1, text, []byte{0, 1, 255, '\\', '\t'}}) || !got[0][5].(time.Time).Equal(at) || got[0][8] != "odd" {
			s.Errorf("%v", got)
		}
		if fmt.Sprint(got[1]) != "[8 <nil> <nil> <nil> <nil> <nil> <nil> <nil> <nil>]" {
			s.Errorf("%v", got[1])
		}
		s.usable(s.conn)
	}},
	{"a type without a binary form is taken as text", func(s *suite) {
		if !s.copies() {
			return
		}
		s.schema("CREATE TABLE d (n numeric, t "+s.text+", x "+s.binary+", a bigint[])", "INSERT INTO d VALUES (1, 'was', NULL, NULL)")
		s.do(copied("d", "n t x a",
			[]driver.Value{driver.Text("12.50"), driver.Text("\\N\t\n\r\\"), driver.Bytes([]byte{0, '\\', 9}), driver.Array([]int64{1, 2})},
			[]driver.Value{{}, {}, {}, {}}))
		got := s.all("SELECT n, t, x, a FROM d ORDER BY n NULLS LAST")
		if len(got) != 3 || fmt.Sprint(got[1][0]) != "12.50" || got[1][1] != "\\N\t\n\r\\" || fmt.Sprint(got[1][2]) != "[0 92 9]" || fmt.Sprint(got[1][3]) != "[1 2]" || got[2][1] != nil {
			s.Errorf("%v", got)
		}
	}},
	{"many rows are many, and none are none", func(s *suite) {
		if !s.copies() {
			return
		}
		s.table()
		rows := make([][]driver.Value, 20_000)
		for i := range rows {
			rows[i] = []driver.Value{driver.Int64(int64(i + 1000)), driver.Text(strings.Repeat("x", 100))}
		}
		before := s.count("t")
		if n := s.do(copied("t", "id name", rows...))[0].Affected; n != 20_000 {
			s.Errorf("Affected %d, want 20000", n)
		}
		if n := s.do(copied("t", "id name"))[0].Affected; n != 0 {
			s.Errorf("Affected %d, want none", n)
		}
		if n := s.count("t"); n != before+20_000 {
			s.Errorf("%d rows, want %d", n, before+20_000)
		}
	}},
	{"what does not fit names the reason, keeps no row and shows no value", func(s *suite) {
		if !s.copies() {
			return
		}
		s.schema("CREATE TABLE c (id "+s.integer+" PRIMARY KEY, n "+s.integer+" NOT NULL, t "+s.text+" CHECK (t <> '"+canary+"'))", "INSERT INTO c VALUES (1, 1, 'a')")
		ok := []driver.Value{driver.Int64(2), driver.Int64(2), driver.Text("b")}
		for _, c := range []struct {
			table, columns string
			row            []driver.Value
			kind           driver.Kind
		}{
			{"c", "id n t", []driver.Value{driver.Int64(1), driver.Int64(1), driver.Text(canary + "x")}, driver.ErrUnique},
			{"c", "id n t", []driver.Value{driver.Int64(3), {}, driver.Text(canary + "x")}, driver.ErrNotNull},
			{"c", "id n t", []driver.Value{driver.Int64(3), driver.Int64(1), driver.Text(canary)}, driver.ErrCheck},
			{"c", "id n t", []driver.Value{driver.Int64(3), driver.Text(canary), driver.Text("b")}, driver.ErrValue},
			{"c", "id n t", []driver.Value{driver.Int64(3), driver.Int64(1), driver.Text("a\x00" + canary)}, driver.ErrValue},
			{"c", "id n t", []driver.Value{driver.Int64(3), driver.Int64(1), driver.Text("\xff" + canary)}, driver.ErrValue},
			{"nowhere", "id n t", ok, driver.ErrNoTable},
			{"c", "id n nothing", ok, driver.ErrNoColumn},
		} {
			done := s.fly(copied(c.table, c.columns, ok, c.row))
			s.kind(done[0].Err, c.kind)
			if n := s.count("c"); n != 1 || done[0].Affected != 0 {
				s.Errorf("%v: %d rows, Affected %d", c.kind, n, done[0].Affected)
			}
			s.usable(s.conn)
			s.do(s.begin())
			s.kind(s.fly(copied(c.table, c.columns, ok, c.row))[0].Err, c.kind)
			s.status(driver.InFailedTx)
			s.do(rollback())
		}
	}},
	{"a copy belongs to the transaction around it", func(s *suite) {
		if !s.copies() {
			return
		}
		s.table()
		before := s.count("t")
		row := []driver.Value{driver.Int64(501), driver.Text("a")}
		s.do(s.begin())
		s.do(copied("t", "id name", row))
		s.do(savepoint("SAVEPOINT a"))
		s.kind(s.fly(copied("t", "id name", row))[0].Err, driver.ErrUnique)
		s.do(savepoint("ROLLBACK TO SAVEPOINT a"))
		s.status(driver.InTx)
		if n := s.count("t"); n != before+1 {
			s.Errorf("%d rows within, want %d", n, before+1)
		}
		s.do(rollback())
		if n := s.count("t"); n != before {
			s.Errorf("%d rows left, want %d", n, before)
		}
		s.do(s.begin())
		s.do(copied("t", "id name", row))
		s.do(commit())
		if n := s.count("t"); n != before+1 {
			s.Errorf("%d rows, want %d", n, before+1)
		}
	}},
	{"a table that changes between two copies is seen as it is", func(s *suite) {
		if !s.copies() {
			return
		}
		s.schema("CREATE TABLE r (v bigint)")
		s.do(copied("r", "v", []driver.Value{driver.Int64(7)}))
		s.schema("ALTER TABLE r ALTER COLUMN v TYPE double precision")
		s.do(copied("r", "v", []driver.Value{driver.Int64(8)}))
		s.schema("ALTER TABLE r ALTER COLUMN v TYPE text")
		s.do(copied("r", "v", []driver.Value{driver.Int64(9)}))
		if got := fmt.Sprint(s.all("SELECT v FROM r ORDER BY v")); got != "[[7] [8] [9]]" {
			s.Errorf("%s", got)
		}
	}},
	{"a copy is alone in its flight", func(s *suite) {
		if !s.copies() {
			return
		}
		s.table()
		before := s.count("t")
		for _, done := range [][]driver.Statement{
			s.fly(copied("t", "id name", []driver.Value{driver.Int64(501), driver.Text("a")}), read("SELECT 1", nil)),
			s.fly(write("INSERT INTO t (id) VALUES (502)"), copied("t", "id name", []driver.Value{driver.Int64(501), driver.Text("a")})),
		} {
			for i := range done {
				s.kind(done[i].Err, driver.ErrSyntax)
			}
		}
		if n := s.count("t"); n != before {
			s.Errorf("%d rows, want %d", n, before)
		}
	}},
	{"a copy whose context ends keeps all of its rows or none", func(s *suite) {
		if !s.copies() {
			return
		}
		s.schema("CREATE TABLE l (id bigint)")
		ctx, cancel := context.WithCancelCause(s.Context())
		gone := errors.New("gone")
		cancel(gone)
		st := copied("l", "id", []driver.Value{driver.Int64(1)})
		if err := s.flyOn(ctx, s.conn, st)[0].Err; !errors.Is(err, gone) {
			s.Errorf("%v, want the cause", err)
		}
		if n := s.count("l"); n != 0 {
			s.Errorf("%d rows", n)
		}
		other := s.connect(driver.Writer)
		s.doOn(other, s.begin())
		s.doOn(other, raw("LOCK TABLE l"))
		ctx, cancel = context.WithCancelCause(s.Context())
		time.AfterFunc(20*time.Millisecond, func() { cancel(gone) })
		s.within("the copy", func() {
			if err := s.flyOn(ctx, s.conn, st)[0].Err; !errors.Is(err, gone) {
				s.Errorf("%v, want the cause", err)
			}
		})
		s.doOn(other, rollback())
		s.usable(s.conn)
		if n := s.count("l"); n != 0 {
			s.Errorf("%d rows", n)
		}
	}},
}
