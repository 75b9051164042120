package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// grouper opens a writer on a new file.
func grouper(t testing.TB) (driver.Grouper, driver.Connector) {
	t.Helper()
	c := open(t, sqlite.Config{Path: path(t)})
	g := connect(t, c, driver.Writer).(driver.Grouper)
	do(t, g, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)")
	return g, c
}

// join lets a flight join that must not undo the group; it returns the first error.
func join(t testing.TB, g driver.Grouper, sts ...driver.Statement) error {
	t.Helper()
	f := driver.Flight{Statements: sts}
	if g.Join(t.Context(), &f) {
		t.Fatalf("the group is undone: %v", f.Err())
	}
	return f.Err()
}

func openGroup(t testing.TB, g driver.Grouper) {
	t.Helper()
	if err := g.OpenGroup(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func closeGroup(t testing.TB, g driver.Grouper) {
	t.Helper()
	if err := g.CloseGroup(); err != nil {
		t.Fatal(err)
	}
	if s := g.Status(); s != driver.Idle {
		t.Errorf("after a group the connection is %v", s)
	}
}

func text(id int, v string) driver.Statement {
	return driver.Statement{SQL: "INSERT INTO t (id, v) VALUES (?1, ?2)", Class: driver.Write, Args: []driver.Value{driver.Int64(int64(id)), driver.Text(v)}}
}

func ids(t testing.TB, conn driver.Conn) string {
	t.Helper()
	return one(t, conn, "SELECT coalesce(group_concat(id), '') FROM (SELECT id FROM t ORDER BY id)")
}

func TestAFlightThatFailsIsTakenBackAlone(t *testing.T) {
	g, c := grouper(t)
	reader := connect(t, c, driver.Reader)
	openGroup(t, g)
	if err := join(t, g, text(1, "a")); err != nil {
		t.Error(err)
	}
	if err := join(t, g, text(2, "a")); !errors.Is(err, driver.ErrUnique) {
		t.Errorf("want ErrUnique, got %v", err)
	}
	f := driver.Flight{Statements: []driver.Statement{beginTx, text(3, "c"), text(4, "a"), text(5, "e"), commitTx}}
	if g.Join(t.Context(), &f) {
		t.Fatal("undone")
	}
	for i, want := range []error{nil, nil, driver.ErrUnique, driver.ErrTxAborted, driver.ErrTxAborted} {
		if err := f.Statements[i].Err; !errors.Is(err, want) {
			t.Errorf("statement %d: want %v, got %v", i, want, err)
		}
	}
	if err := join(t, g, beginTx, text(6, "f"), text(7, "g"), commitTx); err != nil {
		t.Error(err)
	}
	if got := ids(t, reader); got != "" {
		t.Errorf("a reader sees %s before the commit", got)
	}
	closeGroup(t, g)
	if got := ids(t, reader); got != "1,6,7" {
		t.Errorf("rows %s, want 1,6,7", got)
	}
}

func TestADeferredForeignKeyFailsItsOwnFlight(t *testing.T) {
	g, _ := grouper(t)
	do(t, g, "CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
	child := func(id, of int) driver.Statement {
		return driver.Statement{SQL: "INSERT INTO child (id, t) VALUES (?1, ?2)", Class: driver.Write, Args: []driver.Value{driver.Int64(int64(id)), driver.Int64(int64(of))}}
	}
	openGroup(t, g)
	if err := join(t, g, child(1, 7)); !errors.Is(err, driver.ErrForeignKey) {
		t.Errorf("want ErrForeignKey, got %v", err)
	}
	f := driver.Flight{Statements: []driver.Statement{beginTx, child(2, 8), commitTx}}
	if g.Join(t.Context(), &f) || f.Statements[1].Err != nil || !errors.Is(f.Statements[2].Err, driver.ErrForeignKey) {
		t.Errorf("want ErrForeignKey of the COMMIT, got %v and %v", f.Statements[1].Err, f.Statements[2].Err)
	}
	// That somebody else in the group supplies the row is no help: who comes first fails.
	if err := join(t, g, text(7, "late")); err != nil {
		t.Error(err)
	}
	if err := join(t, g, beginTx, child(3, 9), text(9, "in time"), commitTx); err != nil {
		t.Error(err)
	}
	closeGroup(t, g)
	if got := one(t, g, "SELECT group_concat(id) FROM child"); got != "3" || ids(t, g) != "7,9" {
		t.Errorf("children %s of rows %s, want 3 of 7,9", got, ids(t, g))
	}
}

func TestWhatRollsEverythingBackUndoesTheGroup(t *testing.T) {
	for name, sql := range map[string]string{
		"or rollback":        "INSERT OR ROLLBACK INTO t (id, v) VALUES (1, 'x')",
		"raise in a trigger": "INSERT INTO t (id, v) VALUES (66, 'x')",
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := grouper(t)
			do(t, g, "CREATE TRIGGER tr BEFORE INSERT ON t WHEN new.id = 66 BEGIN SELECT raise(rollback, 'no'); END")
			openGroup(t, g)
			if err := join(t, g, text(1, "a")); err != nil {
				t.Error(err)
			}
			f := driver.Flight{Statements: []driver.Statement{{SQL: sql, Class: driver.Write}}}
			if !g.Join(t.Context(), &f) || f.Err() == nil {
				t.Fatalf("not undone: %v", f.Err())
			}
			if s := g.Status(); s != driver.Idle {
				t.Errorf("the connection is %v", s)
			}
			if got := ids(t, g); got != "" {
				t.Errorf("rows %s are there", got)
			}
			openGroup(t, g)
			if err := join(t, g, text(2, "b")); err != nil {
				t.Error(err)
			}
			closeGroup(t, g)
			if got := ids(t, g); got != "2" {
				t.Errorf("rows %s, want 2", got)
			}
		})
	}
}

// A trigger with RAISE(FAIL) leaves what the statement had done; in a group nothing of it
// stays.
func TestAStatementThatFailsHalfWayLeavesNothing(t *testing.T) {
	g, _ := grouper(t)
	do(t, g, "CREATE TRIGGER tr AFTER INSERT ON t WHEN new.id = 3 BEGIN SELECT raise(fail, 'no'); END")
	openGroup(t, g)
	if err := join(t, g, driver.Statement{SQL: "INSERT INTO t (id) VALUES (1), (2), (3)", Class: driver.Write}); err == nil {
		t.Error("the trigger did not fail")
	}
	closeGroup(t, g)
	if got := ids(t, g); got != "" {
		t.Errorf("rows %s are there", got)
	}
}

func TestAnInterruptedFlightUndoesTheGroup(t *testing.T) {
	g, _ := grouper(t)
	openGroup(t, g)
	ctx, cancel := context.WithCancel(t.Context())
	f := driver.Flight{Statements: []driver.Statement{{
		SQL:   "INSERT INTO t (id) SELECT value FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n) SELECT * FROM n)",
		Class: driver.Write,
	}}}
	context.AfterFunc(t.Context(), cancel)
	go cancel()
	if undone := g.Join(ctx, &f); !errors.Is(f.Err(), driver.ErrCanceled) {
		t.Fatalf("undone %v: %v", undone, f.Err())
	} else if !undone {
		closeGroup(t, g) // it was canceled before it began
	}
	if s := g.Status(); s != driver.Idle {
		t.Errorf("the connection is %v", s)
	}
	do(t, g, "INSERT INTO t (id) VALUES (1)")
}

func TestACommitThatFailsFailsTheWholeGroup(t *testing.T) {
	disk := newDisk(t)
	cfg := sqlite.Config{Path: path(t), VFS: disk.Name()}
	g := connect(t, open(t, cfg), driver.Writer).(driver.Grouper)
	do(t, g, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	for n, want := range []error{errors.New("at the first write"), errors.New("at the sync")} {
		openGroup(t, g)
		for id := range 5 {
			if err := join(t, g, insert(id)); err != nil {
				t.Fatal(err)
			}
		}
		disk.FailAt(1+n, 0, true)
		err := g.CloseGroup()
		disk.FailAt(0, 0, false)
		if !errors.Is(err, driver.ErrOutcomeUnknown) {
			t.Errorf("%v: want ErrOutcomeUnknown, got %v", want, err)
		}
		if got := one(t, g, "SELECT count(*) FROM t"); got != "0" {
			t.Errorf("%v: %s rows are there", want, got)
		}
	}
}

func BenchmarkGroup(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := open(b, sqlite.Config{Path: path(b)})
			g := connect(b, c, driver.Writer).(driver.Grouper)
			do(b, g, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
			f := driver.Flight{Statements: []driver.Statement{{SQL: "INSERT INTO t (v) VALUES (?1) RETURNING id", Class: driver.Write, Args: []driver.Value{driver.Text("a value of some length")}, Sink: each(func(r driver.Row) error { _, err := r.Int64(0); return err })}}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				openGroup(b, g)
				for range n {
					if g.Join(b.Context(), &f); f.Err() != nil {
						b.Fatal(f.Err())
					}
				}
				closeGroup(b, g)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row")
		})
	}
}
