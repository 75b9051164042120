package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// canary is an argument that must not appear in an error.
const canary = "canary-argument-77aa"

// connector returns a connector that is closed when the test ends.
func connector(t testing.TB, url string, change ...func(*pgxpool.Config)) *postgres.Connector {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(config)
	}
	c, err := postgres.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// connect opens a connection that is closed when the test ends.
func connect(t testing.TB, c *postgres.Connector) driver.Conn {
	t.Helper()
	conn, err := c.Connect(t.Context(), driver.Writer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return conn
}

// table is a sink that keeps everything.
type table struct {
	cols []driver.Column
	rows [][]any
}

func (r *table) Begin(cols []driver.Column) error {
	r.cols, r.rows = cols, nil
	return nil
}

func (r *table) Row(row driver.Row) error {
	values := make([]any, row.Len())
	for i := range values {
		v, err := row.Value(i)
		if err != nil {
			return err
		}
		values[i] = v
	}
	r.rows = append(r.rows, values)
	return nil
}

// each is a sink for rows alone.
type each func(driver.Row) error

func (each) Begin([]driver.Column) error { return nil }
func (f each) Row(r driver.Row) error    { return f(r) }

func read(sql string, args ...driver.Value) driver.Statement {
	return driver.Statement{SQL: sql, Args: args, Class: driver.Read, Sink: &table{}}
}

func write(sql string, args ...driver.Value) driver.Statement {
	return driver.Statement{SQL: sql, Args: args, Class: driver.Write}
}

func schema(sql string) driver.Statement {
	return driver.Statement{SQL: sql, Class: driver.Schema}
}

var (
	begin    = driver.Statement{SQL: "BEGIN", Class: driver.Begin}
	commit   = driver.Statement{SQL: "COMMIT", Class: driver.Commit}
	rollback = driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback}
)

// fly flies statements over a connection that must survive it.
func fly(t testing.TB, conn driver.Conn, st ...driver.Statement) []driver.Statement {
	t.Helper()
	f := driver.Flight{Statements: st}
	if err := conn.Fly(t.Context(), &f); err != nil {
		t.Fatalf("Fly: %v", err)
	}
	for i := range f.Statements {
		quiet(t, f.Statements[i].Err)
	}
	return f.Statements
}

// do flies statements that must all go well.
func do(t testing.TB, conn driver.Conn, st ...driver.Statement) []driver.Statement {
	t.Helper()
	done := fly(t, conn, st...)
	for i := range done {
		if done[i].Err != nil {
			t.Fatalf("%s: %v", done[i].SQL, done[i].Err)
		}
	}
	return done
}

// rows returns the rows of a query as text.
func rows(t testing.TB, conn driver.Conn, sql string, args ...driver.Value) string {
	t.Helper()
	return fmt.Sprint(do(t, conn, read(sql, args...))[0].Sink.(*table).rows)
}

// is checks the kind of an error and that it tells no secret.
func is(t testing.TB, err error, kinds ...error) {
	t.Helper()
	quiet(t, err)
	for _, k := range kinds {
		if !errors.Is(err, k) {
			t.Errorf("the error is %v, want %v", err, k)
		}
	}
}

// quiet checks that an error tells neither an argument nor the password.
func quiet(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{canary, testdb.Password} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

// usable checks that a connection is idle and answers.
func usable(t testing.TB, conn driver.Conn) {
	t.Helper()
	if s := conn.Status(); s != driver.Idle {
		t.Errorf("the connection is %v", s)
	} else if got := rows(t, conn, "SELECT 1"); got != "[[1]]" {
		t.Errorf("SELECT 1 answers %s", got)
	}
}
