package sqlite_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

func isKind(err error, kind driver.Kind) bool { return errors.Is(err, kind) }

func memory(t testing.TB, pragmas ...sqlite.Pragma) driver.Conn {
	t.Helper()
	conn := connect(t, open(t, sqlite.Config{Memory: true, Pragmas: pragmas}), driver.Writer)
	do(t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	return conn
}

// SQLite rolls back the transaction by itself when it is interrupted in a write. What
// the owner sends next must not be committed on its own.
func TestATransactionThatSQLiteEndedStaysFailed(t *testing.T) {
	conn := memory(t)
	if err := try(t.Context(), conn, beginTx); err != nil {
		t.Fatal(err)
	}
	if err := try(t.Context(), conn, insert(1)); err != nil {
		t.Fatal(err)
	}
	do(t, conn, "SAVEPOINT s")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	slow := driver.Statement{SQL: "WITH RECURSIVE r(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM r) INSERT INTO t (id) SELECT n FROM r"}
	done := make(chan error)
	go func() { done <- try(ctx, conn, slow) }()
	cancel()
	if err := <-done; !isKind(err, driver.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Fatalf("the write ended with %v", err)
	}
	if ended := conn.Status(); ended == driver.InTx {
		// Canceled before it began: nothing happened. Interrupt it for certain.
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		if err := try(ctx, conn, slow); !isKind(err, driver.ErrCanceled) {
			t.Fatalf("the write ended with %v", err)
		}
	}
	if s := conn.Status(); s != driver.InFailedTx {
		t.Fatalf("the connection is %v", s)
	}
	for _, s := range []driver.Statement{insert(2), {SQL: "ROLLBACK TO s", Class: driver.Savepoint}, beginTx} {
		if err := try(t.Context(), conn, s); !isKind(err, driver.ErrTxAborted) {
			t.Errorf("%s: %v", s.SQL, err)
		}
	}
	if err := try(t.Context(), conn, commitTx); !isKind(err, driver.ErrTxAborted) {
		t.Errorf("commit: %v", err)
	}
	if s := conn.Status(); s != driver.Idle {
		t.Errorf("after the commit the connection is %v", s)
	}
	if got := one(t, conn, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("%s rows are stored", got)
	}
}

func TestAFullDatabaseIsToldAndLosesNothing(t *testing.T) {
	conn := memory(t, sqlite.Pragma{Name: "max_page_count", Value: "10"})
	if err := try(t.Context(), conn, insert(1)); err != nil {
		t.Fatal(err)
	}
	big := driver.Statement{SQL: "INSERT INTO t (v) VALUES (?1)", Args: []driver.Value{driver.Text(strings.Repeat("x", 200_000))}}
	f := driver.Flight{Statements: []driver.Statement{beginTx, insert(2), big, insert(3), commitTx, insert(4)}}
	if err := conn.Fly(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	for i, want := range []driver.Kind{"", "", driver.ErrFull, driver.ErrTxAborted, driver.ErrTxAborted, ""} {
		if err := f.Statements[i].Err; want == "" && err != nil || want != "" && !isKind(err, want) {
			t.Errorf("statement %d: %v, want %q", i, err, want)
		}
	}
	if got := one(t, conn, "SELECT group_concat(id) FROM t"); got != "1,4" {
		t.Errorf("rows %s", got)
	}
}

func TestAFailedBeginTakesItsTransactionAlong(t *testing.T) {
	file := path(t)
	a := connect(t, open(t, sqlite.Config{Path: file}), driver.Writer)
	b := connect(t, open(t, sqlite.Config{Path: file, BusyTimeout: -1}), driver.Writer)
	do(t, a, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	if err := try(t.Context(), a, beginTx); err != nil {
		t.Fatal(err)
	}
	f := driver.Flight{Statements: []driver.Statement{beginTx, insert(1), {SQL: "SAVEPOINT s", Class: driver.Savepoint}, commitTx, {SQL: "SELECT 1"}}}
	if err := b.Fly(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	for i, want := range []driver.Kind{driver.ErrBusy, driver.ErrTxAborted, driver.ErrTxAborted, driver.ErrTxAborted, ""} {
		if err := f.Statements[i].Err; want == "" && err != nil || want != "" && !isKind(err, want) {
			t.Errorf("statement %d: %v, want %q", i, err, want)
		}
	}
	if err := f.Statements[0].Err; !strings.Contains(err.Error(), "another process") {
		t.Errorf("the error does not say who is busy: %v", err)
	}
	if s := b.Status(); s != driver.Idle {
		t.Errorf("the connection is %v", s)
	}
}

func TestASavepointNeedsATransaction(t *testing.T) {
	conn := memory(t)
	if err := try(t.Context(), conn, driver.Statement{SQL: "SAVEPOINT s", Class: driver.Savepoint}); err == nil {
		t.Error("a savepoint opened a transaction of its own")
	}
	if err := try(t.Context(), conn, rollbackTx); err != nil {
		t.Errorf("a rollback of nothing: %v", err)
	}
	if err := try(t.Context(), conn, commitTx); err == nil {
		t.Error("a commit of nothing went well")
	}
	if s := conn.Status(); s != driver.Idle {
		t.Errorf("the connection is %v", s)
	}
}

func TestATextOfClassSchemaMayHoldSeveralStatements(t *testing.T) {
	conn := memory(t)
	schema := func(sql string) error {
		return try(t.Context(), conn, driver.Statement{SQL: sql, Class: driver.Schema})
	}
	if err := schema("-- first\nCREATE TABLE a (id INTEGER); CREATE INDEX a_id ON a (id); /* done */ INSERT INTO a VALUES (1), (2);\n-- end"); err != nil {
		t.Fatal(err)
	}
	if got := one(t, conn, "SELECT count(*) FROM a"); got != "2" {
		t.Errorf("%s rows", got)
	}
	if err := schema("CREATE TABLE b (id INTEGER); CREATE TABLE a (id INTEGER)"); !isKind(err, driver.ErrExists) {
		t.Errorf("the second statement fails with %v", err)
	}
	if err := schema("CREATE TABLE b (id INTEGER); nonsense"); !isKind(err, driver.ErrSyntax) {
		t.Errorf("the second statement fails with %v", err)
	}
	if err := try(t.Context(), conn, driver.Statement{SQL: "SELECT * FROM b"}); !isKind(err, driver.ErrNoTable) {
		t.Errorf("half of the text was carried out: %v", err)
	}
	if s := conn.Status(); s != driver.Idle {
		t.Errorf("the connection is %v", s)
	}
}

// An INSERT … RETURNING has made its change before its first row. If it is canceled
// between rows, the change is there, and the answer must not say otherwise.
func TestACancelBetweenReturnedRowsComesTooLate(t *testing.T) {
	conn := memory(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	err := try(ctx, conn, driver.Statement{SQL: "INSERT INTO t (v) VALUES ('a'), ('b'), ('c') RETURNING id", Sink: each(func(driver.Row) error {
		n++
		cancel()
		return nil
	})})
	if err != nil || n != 3 {
		t.Errorf("%d rows, %v", n, err)
	}
	if got := one(t, conn, "SELECT count(*) FROM t"); got != "3" {
		t.Errorf("%s rows are stored", got)
	}
}

func TestASinkErrorAfterAWriteTellsTheTruth(t *testing.T) {
	conn := memory(t)
	enough := errors.New("enough")
	f := driver.Flight{Statements: []driver.Statement{{
		SQL: "INSERT INTO t (v) VALUES ('a'), ('b') RETURNING id", Sink: each(func(driver.Row) error { return enough }),
	}}}
	if err := conn.Fly(t.Context(), &f); err != nil || !errors.Is(f.Err(), enough) || f.Statements[0].Affected != 2 {
		t.Errorf("%v, %v, affected %d", err, f.Err(), f.Statements[0].Affected)
	}
	if got := one(t, conn, "SELECT count(*) FROM t"); got != "2" {
		t.Errorf("%s rows are stored", got)
	}
}

func TestTheNativeErrorIsWithinReach(t *testing.T) {
	conn := memory(t)
	err := try(t.Context(), conn, driver.Statement{SQL: "SELECT nowhere"})
	var native *sqlite3.Error
	if !errors.As(err, &native) || native.Code() != sqlite3.ERROR {
		t.Errorf("the native error of %v is %v", err, native)
	}
}
