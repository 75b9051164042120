package drivertest

import (
	"errors"
	"strings"

	"github.com/spillwaydb/spillway/internal/driver"
)

var errorTests = []test{
	{"a violated unique constraint names table, column and constraint", func(s *suite) {
		s.constraints()
		e := s.fails(driver.ErrUnique, write("INSERT INTO item (id, email, a, b, qty) VALUES (2, "+s.p1+", 3, 4, 1)", driver.Text(canary)))
		s.names(e, "item", "email", "item_email_key")
	}},
	{"a violated unique constraint over two columns names both", func(s *suite) {
		s.constraints()
		e := s.fails(driver.ErrUnique, write("INSERT INTO item (id, email, a, b, qty) VALUES (2, 'other', 1, 2, 1)"))
		s.names(e, "item", "a, b", "item_a_b_key")
	}},
	{"a violated primary key is a violated unique constraint", func(s *suite) {
		s.constraints()
		e := s.fails(driver.ErrUnique, write("INSERT INTO item (id, email, a, b, qty) VALUES (1, 'other', 3, 4, 1)"))
		s.names(e, "item", "id", "item_pkey")
	}},
	{"a violated foreign key names its constraint", func(s *suite) {
		s.constraints()
		e := s.fails(driver.ErrForeignKey, write("INSERT INTO part (id, item) VALUES (1, "+s.p1+")", driver.Int64(4711)))
		if !s.features.NoForeignKeyNames {
			s.names(e, "part", "item", "part_item_fkey")
		}
	}},
	{"a delete of a row that others refer to is a violated foreign key", func(s *suite) {
		s.constraints()
		s.do(write("INSERT INTO part (id, item) VALUES (1, 1)"))
		e := s.fails(driver.ErrForeignKey, write("DELETE FROM item WHERE id = 1"))
		if !s.features.NoForeignKeyNames && e.Constraint != "part_item_fkey" {
			s.Errorf("the constraint is %q", e.Constraint)
		}
	}},
	{"a violated NOT NULL names table and column", func(s *suite) {
		s.constraints()
		e := s.fails(driver.ErrNotNull, write("INSERT INTO item (id, email, a, b, qty) VALUES (2, "+s.p1+", 3, 4, 1)", driver.Null()))
		s.names(e, "item", "email", "")
	}},
	{"a violated check names its constraint", func(s *suite) {
		s.constraints()
		e := s.fails(driver.ErrCheck, write("INSERT INTO item (id, email, a, b, qty) VALUES (2, "+s.p1+", 3, 4, -1)", driver.Text(canary)))
		if e.Constraint != "item_qty_check" {
			s.Errorf("the constraint is %q, want item_qty_check", e.Constraint)
		}
	}},
	{"a syntax error", func(s *suite) {
		s.fails(driver.ErrSyntax, raw("SELEKT 1"))
		s.fails(driver.ErrSyntax, raw("SELECT FROM WHERE"))
	}},
	{"a missing table is named, and the hint says what to do", func(s *suite) {
		for _, st := range []driver.Statement{
			read("SELECT * FROM no_such_table", nil),
			write("INSERT INTO no_such_table VALUES (1)"),
			raw("DELETE FROM no_such_table"),
		} {
			e := s.fails(driver.ErrNoTable, st)
			if e.Table != "no_such_table" {
				s.Errorf("the table is %q", e.Table)
			}
			for _, word := range []string{"CreateTables", "spillway migrate"} {
				if !strings.Contains(e.Error(), word) {
					s.Errorf("%q does not mention %s", e.Error(), word)
				}
			}
		}
	}},
	{"a missing column is named", func(s *suite) {
		s.table()
		for _, st := range []driver.Statement{
			read("SELECT no_such_column FROM t", nil),
			write("INSERT INTO t (no_such_column) VALUES (1)"),
			write("UPDATE t SET no_such_column = 1"),
		} {
			if e := s.fails(driver.ErrNoColumn, st); e.Column != "no_such_column" {
				s.Errorf("%s: the column is %q", st.SQL, e.Column)
			}
		}
	}},
	{"a table made twice exists already", func(s *suite) {
		s.table()
		s.fails(driver.ErrExists, driver.Statement{SQL: "CREATE TABLE t (id " + s.integer + ")", Class: driver.Schema})
	}},
	{"a write where only reading is allowed", func(s *suite) {
		s.table()
		if s.features.SingleWriter {
			reader := s.connect(driver.Reader)
			s.kind(s.flyOn(s.Context(), reader, write("INSERT INTO t (id) VALUES (1)"))[0].Err, driver.ErrReadOnly)
			s.usable(reader)
		} else {
			s.do(driver.Statement{SQL: s.readOnly, Class: driver.Begin})
			s.kind(s.fly(write("INSERT INTO t (id) VALUES (1)"))[0].Err, driver.ErrReadOnly)
			s.do(rollback())
		}
		if n := s.count("t"); n != 0 {
			s.Errorf("%d rows are stored", n)
		}
	}},
	{"an error carries the backend's code and its native error", func(s *suite) {
		e := s.fails(driver.ErrNoTable, read("SELECT * FROM no_such_table", nil))
		if e.Code == "" || e.Err == nil || e.Message == "" {
			s.Errorf("code %q, message %q, native error %v", e.Code, e.Message, e.Err)
		}
		if errors.Unwrap(e) == nil {
			s.Error("the native error is out of reach")
		}
	}},
}

// constraints makes a table with a constraint of every kind and one row.
func (s *suite) constraints() {
	s.Helper()
	s.schema(
		"CREATE TABLE item (id "+s.integer+" CONSTRAINT item_pkey PRIMARY KEY, email "+s.text+" NOT NULL CONSTRAINT item_email_key UNIQUE, a "+s.integer+", b "+s.integer+", qty "+s.integer+" CONSTRAINT item_qty_check CHECK (qty > 0), CONSTRAINT item_a_b_key UNIQUE (a, b))",
		"CREATE TABLE part (id "+s.integer+" PRIMARY KEY, item "+s.integer+" CONSTRAINT part_item_fkey REFERENCES item (id))",
	)
	s.do(write("INSERT INTO item (id, email, a, b, qty) VALUES (1, "+s.p1+", 1, 2, 1)", driver.Text(canary)))
}

// fails flies a statement that must fail and leave the connection usable.
func (s *suite) fails(kind driver.Kind, st driver.Statement) *driver.Error {
	s.Helper()
	e := s.kind(s.fly(st)[0].Err, kind)
	s.usable(s.conn)
	return e
}

// names checks what was violated.
func (s *suite) names(e *driver.Error, table, column, constraint string) {
	s.Helper()
	if s.features.NoForeignKeyNames && e.Constraint == "" {
		constraint = ""
	}
	if e.Table != table || e.Column != column || e.Constraint != constraint {
		s.Errorf("table %q, column %q, constraint %q; want %q, %q, %q", e.Table, e.Column, e.Constraint, table, column, constraint)
	}
}
