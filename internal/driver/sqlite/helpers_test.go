package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// rows collects rows as plain values.
type rows struct{ all [][]any }

func (r *rows) Begin([]driver.Column) error { r.all = nil; return nil }

func (r *rows) Row(row driver.Row) error {
	vals := make([]any, row.Len())
	for i := range vals {
		v, err := row.Value(i)
		if err != nil {
			return err
		}
		vals[i] = v
	}
	r.all = append(r.all, vals)
	return nil
}

// each is a sink that calls a function for each row.
type each func(driver.Row) error

func (each) Begin([]driver.Column) error { return nil }
func (f each) Row(r driver.Row) error    { return f(r) }

// open makes a connector that is closed with the test.
func open(t testing.TB, cfg sqlite.Config) driver.Connector {
	t.Helper()
	c := connector(t, cfg)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

// path returns a file name in a directory of the test.
func path(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }

// connect opens a connection that is closed with the test.
func connect(t testing.TB, c driver.Connector, role driver.Role) driver.Conn {
	t.Helper()
	conn, err := c.Connect(t.Context(), role)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	t.Cleanup(func() { shut(t, conn) })
	return conn
}

func shut(t testing.TB, conn driver.Conn) {
	t.Helper()
	if err := conn.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// try flies one statement and returns its error.
func try(ctx context.Context, conn driver.Conn, s driver.Statement) error {
	f := driver.Flight{Statements: []driver.Statement{s}}
	if err := conn.Fly(ctx, &f); err != nil {
		return err
	}
	return f.Err()
}

// do flies a statement that must go well.
func do(t testing.TB, conn driver.Conn, sql string, args ...driver.Value) {
	t.Helper()
	if err := try(t.Context(), conn, driver.Statement{SQL: sql, Args: args}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// query returns the rows of a statement that must go well.
func query(t testing.TB, conn driver.Conn, sql string, args ...driver.Value) [][]any {
	t.Helper()
	var r rows
	if err := try(t.Context(), conn, driver.Statement{SQL: sql, Args: args, Sink: &r}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return r.all
}

// one returns the only value of a query as text.
func one(t testing.TB, conn driver.Conn, sql string, args ...driver.Value) string {
	t.Helper()
	return fmt.Sprint(query(t, conn, sql, args...)[0][0])
}

var (
	beginTx    = driver.Statement{SQL: "BEGIN IMMEDIATE", Class: driver.Begin}
	beginRead  = driver.Statement{SQL: "BEGIN", Class: driver.Begin}
	commitTx   = driver.Statement{SQL: "COMMIT", Class: driver.Commit}
	rollbackTx = driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback}
)

func insert(id int) driver.Statement {
	return driver.Statement{SQL: "INSERT INTO t (id, v) VALUES (?1, ?2)", Class: driver.Write, Args: []driver.Value{
		driver.Int64(int64(id)), driver.Text(fmt.Sprintf("row %d", id)),
	}}
}
