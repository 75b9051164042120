package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
)

func TestAFetchGivesTheColumnsOfTheCursorThatIsOpen(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	for _, c := range []struct{ query, want string }{
		{"SELECT 1 AS a", "[[1]]"},
		{"SELECT 2 AS a", "[[2]]"},
		{"SELECT 3 AS a", "[[3]]"},
		{"SELECT 'x'::text AS b, 1.5::float8 AS c", "[[x 1.5]]"},
		{"SELECT true AS a", "[[true]]"},
	} {
		fetch := driver.Statement{SQL: "FETCH ALL FROM c", Sink: &table{}}
		st := do(t, conn, begin, driver.Statement{SQL: "DECLARE c CURSOR FOR " + c.query}, fetch, commit)
		if got := fmt.Sprint(st[2].Sink.(*table).rows); got != c.want {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
}

// known makes a connector that has met the statement, and a connection that has not.
func known(t *testing.T, url, sql string) driver.Conn {
	t.Helper()
	c := connector(t, url)
	for range 2 {
		rows(t, connect(t, c), sql)
	}
	return connect(t, c)
}

func TestAStatementThatCouldNotBePreparedIsPreparedLater(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	direct := connect(t, connector(t, p.URL()))
	do(t, direct, schema("CREATE TABLE t (id int8)"))
	const q = "SELECT id FROM t"
	conn := known(t, p.URL(), q)
	do(t, direct, schema("DROP TABLE t"))
	is(t, fly(t, conn, read(q))[0].Err, driver.ErrNoTable)
	do(t, direct, schema("CREATE TABLE t (id int8)"))
	for round := range 3 {
		p.Reset()
		rows(t, conn, q)
		if got := p.Reset(); got.RoundTrips != 1 {
			t.Errorf("round %d: %+v, want one round trip", round, got)
		}
	}
}

func TestASavepointBringsBackAStatementWhoseParseWasSkipped(t *testing.T) {
	url := testdb.Postgres(t)
	const q = "SELECT 7 AS seven"
	conn := known(t, url, q)
	set := func(sql string) driver.Statement { return driver.Statement{SQL: sql, Class: driver.Savepoint} }
	do(t, conn, begin)
	st := fly(t, conn, set("SAVEPOINT a"), read("SELECT 1 FROM nowhere"), read(q), set("ROLLBACK TO SAVEPOINT a"), read(q))
	is(t, st[1].Err, driver.ErrNoTable)
	is(t, st[2].Err, driver.ErrTxAborted)
	if st[3].Err != nil || st[4].Err != nil {
		t.Errorf("after the error: %v, %v", st[3].Err, st[4].Err)
	}
	if got := fmt.Sprint(st[4].Sink.(*table).rows); got != "[[7]]" {
		t.Errorf("rows %s", got)
	}
	do(t, conn, commit)
}

func TestSettingsOfTheDatabaseDoNotChangeWhatIsRead(t *testing.T) {
	url := testdb.Postgres(t)
	setter := connect(t, connector(t, url))
	database := do(t, setter, read("SELECT quote_ident(current_database())"))[0].Sink.(*table).rows[0][0].(string)
	for _, setting := range []string{"datestyle = 'German'", "bytea_output = 'escape'", "timezone = 'Asia/Kathmandu'", "extra_float_digits = 0", "standard_conforming_strings = off", "client_encoding = 'LATIN1'"} {
		do(t, setter, schema("ALTER DATABASE "+database+" SET "+setting))
	}
	conn := connect(t, connector(t, url))
	const q = `SELECT '2026-11-21 07:36:23.5+00'::timestamptz, '2026-03-04'::date, decode('005c41ff', 'hex'), '漢'::text`
	want := "[[2026-11-21 07:36:23.5 +0000 UTC 2026-03-04 00:00:00 +0000 UTC [0 92 65 255] 漢]]"
	for run := range runs {
		if got := rows(t, conn, q); got != want {
			t.Errorf("run %d: %s, want %s", run, got, want)
		}
	}
}

func TestCloseStopsWhatRunsOnTheServer(t *testing.T) {
	c := connector(t, testdb.Postgres(t))
	watcher, conn := connect(t, c), connect(t, c)
	running := func() bool {
		return rows(t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(300)'") != "[[0]]"
	}
	done := make(chan error)
	go func() {
		f := driver.Flight{Statements: []driver.Statement{read("SELECT pg_sleep(300)")}}
		done <- conn.Fly(t.Context(), &f)
	}()
	await(t, watcher, "the statement runs", running)
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	is(t, <-done, driver.ErrConnectionLost)
	await(t, watcher, "the statement has ended on the server", func() bool { return !running() })
}

// await asks until it is so, letting the server pass the time.
func await(t *testing.T, conn driver.Conn, what string, so func() bool) {
	t.Helper()
	for range 500 {
		if so() {
			return
		}
		do(t, conn, read("SELECT pg_sleep(0.01)"))
	}
	t.Errorf("it never came to this: %s", what)
}

func TestAShortValueIsNotToldEither(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	for range runs {
		err := fly(t, conn, read("SELECT $1::int4", driver.Text("zq")))[0].Err
		is(t, err, driver.ErrValue)
		if strings.Contains(err.Error(), "zq") {
			t.Errorf("the value is in %v", err)
		}
	}
}
