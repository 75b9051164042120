package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// canary is an argument that must never appear in the text of an error.
const canary = "canary-argument-5b1c"

// patience bounds a wait that should be over in a moment.
const patience = 20 * time.Second

// A suite is what one test works with.
type suite struct {
	testing.TB
	connector driver.Connector
	features  driver.Features
	dialect
	// conn is a connection that may write.
	conn driver.Conn
}

func newSuite(t testing.TB, open Open) *suite {
	t.Helper()
	c := open(t)
	s := &suite{TB: t, connector: c, features: c.Features()}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Connector.Close: %v", err)
		}
	})
	d, ok := dialects[s.features.Name]
	if !ok {
		t.Fatalf("drivertest has no SQL for a backend named %q", s.features.Name)
	}
	s.dialect = d
	s.conn = s.connect(driver.Writer)
	return s
}

// connect opens a connection and closes it when the test ends. Where a database can be
// opened once only, a second one must be refused, and that ends the test. It must be
// called on the goroutine of the test.
func (s *suite) connect(role driver.Role) driver.Conn {
	s.Helper()
	conn, err := s.connector.Connect(s.Context(), role)
	if s.features.SingleConnection && s.conn != nil && s.conn.Status() != driver.Broken {
		s.kind(err, driver.ErrBusy, driver.ErrConnect)
		s.usable(s.conn)
		panic(onlyOne{})
	}
	if err != nil {
		s.Fatalf("Connect: %v", err)
	}
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			s.Errorf("Close: %v", err)
		}
	})
	return conn
}

// onlyOne ends a test that needs a second connection where there can be but one.
type onlyOne struct{}

// refused, deferred, catches onlyOne.
func (s *suite) refused() {
	switch p := recover().(type) {
	case nil, onlyOne:
	default:
		panic(p)
	}
}

// fly flies the statements on the suite's connection, which must stay usable.
func (s *suite) fly(statements ...driver.Statement) []driver.Statement {
	s.Helper()
	return s.flyOn(s.Context(), s.conn, statements...)
}

func (s *suite) flyOn(ctx context.Context, conn driver.Conn, statements ...driver.Statement) []driver.Statement {
	s.Helper()
	f := driver.Flight{Statements: statements}
	if err := conn.Fly(ctx, &f); err != nil {
		s.Fatalf("Fly lost the connection: %v", err)
	}
	for i := range f.Statements {
		s.quiet(f.Statements[i].Err)
	}
	return f.Statements
}

// do flies the statements and fails the test unless all go well.
func (s *suite) do(statements ...driver.Statement) []driver.Statement {
	s.Helper()
	return s.doOn(s.conn, statements...)
}

func (s *suite) doOn(conn driver.Conn, statements ...driver.Statement) []driver.Statement {
	s.Helper()
	done := s.flyOn(s.Context(), conn, statements...)
	for i := range done {
		if done[i].Err != nil {
			s.Fatalf("%s: %v", done[i].SQL, done[i].Err)
		}
	}
	return done
}

// schema carries out DDL.
func (s *suite) schema(sql ...string) {
	s.Helper()
	for _, q := range sql {
		s.do(driver.Statement{SQL: q, Class: driver.Schema})
	}
}

// all returns the rows of a query as plain values.
func (s *suite) all(sql string, args ...driver.Value) [][]any {
	s.Helper()
	return s.allOn(s.conn, sql, args...)
}

func (s *suite) allOn(conn driver.Conn, sql string, args ...driver.Value) [][]any {
	s.Helper()
	var r rows
	s.doOn(conn, read(sql, &r, args...))
	return r.rows
}

// count returns the number of rows of a table.
func (s *suite) count(table string) int64 {
	s.Helper()
	return s.countOn(s.conn, table)
}

func (s *suite) countOn(conn driver.Conn, table string) int64 {
	s.Helper()
	got := s.allOn(conn, "SELECT count(*) FROM "+table)
	n, ok := got[0][0].(int64)
	if !ok {
		s.Fatalf("count(*) is a %T", got[0][0])
	}
	return n
}

// status checks the state of the suite's connection.
func (s *suite) status(want driver.Status) {
	s.Helper()
	if got := s.conn.Status(); got != want {
		s.Errorf("the connection is %v, want %v", got, want)
	}
}

// usable checks that a connection is idle and answers.
func (s *suite) usable(conn driver.Conn) {
	s.Helper()
	if got := conn.Status(); got != driver.Idle {
		s.Errorf("the connection is %v, want %v", got, driver.Idle)
		return
	}
	if got := s.allOn(conn, "SELECT 41 + 1"); fmt.Sprint(got) != "[[42]]" {
		s.Errorf("SELECT 41 + 1 answers %v", got)
	}
}

// kind checks that err is an *driver.Error of one of the kinds and returns it.
func (s *suite) kind(err error, kinds ...driver.Kind) *driver.Error {
	s.Helper()
	s.quiet(err)
	var e *driver.Error
	if !errors.As(err, &e) {
		s.Fatalf("the error is %T %v, want a *driver.Error of kind %q", err, err, kinds)
	}
	for _, k := range kinds {
		if errors.Is(err, k) {
			return e
		}
	}
	s.Fatalf("the error is %v, want kind %q", err, kinds)
	return nil
}

// quiet checks that an error does not tell an argument.
func (s *suite) quiet(err error) {
	s.Helper()
	if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), canary) {
		s.Errorf("an argument value is in the error: %v", err)
	}
}

// within fails the test if f takes longer than patience.
func (s *suite) within(what string, f func()) {
	s.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		s.Fatalf("%s is not over after %v", what, patience)
	}
}

func read(sql string, sink driver.Sink, args ...driver.Value) driver.Statement {
	return driver.Statement{SQL: sql, Args: args, Class: driver.Read, Sink: sink}
}

func write(sql string, args ...driver.Value) driver.Statement {
	return driver.Statement{SQL: sql, Args: args, Class: driver.Write}
}

func raw(sql string, args ...driver.Value) driver.Statement {
	return driver.Statement{SQL: sql, Args: args}
}

func (s *suite) begin() driver.Statement {
	return driver.Statement{SQL: s.dialect.begin, Class: driver.Begin}
}

func commit() driver.Statement {
	return driver.Statement{SQL: "COMMIT", Class: driver.Commit}
}

func rollback() driver.Statement {
	return driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback}
}

func savepoint(sql string) driver.Statement {
	return driver.Statement{SQL: sql, Class: driver.Savepoint}
}
