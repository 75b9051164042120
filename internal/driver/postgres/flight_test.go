package postgres_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
)

func TestAFlightIsOneRoundTrip(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	c := connector(t, p.URL())
	conn := connect(t, c)
	do(t, conn, schema("CREATE TABLE t (id int8 PRIMARY KEY, name text)"))
	flight := func(first int64) []driver.Statement {
		var st []driver.Statement
		for i := range int64(20) {
			st = append(st, write("INSERT INTO t VALUES ($1, $2)", driver.Int64(first+i), driver.Text("n")),
				read("SELECT name FROM t WHERE id = $1", driver.Int64(first+i)))
		}
		return st
	}
	for round, want := range []testdb.Counts{
		{RoundTrips: 1, Parse: 40, Bind: 40, Describe: 40, Execute: 40, Sync: 40}, // new to the connector
		{RoundTrips: 1, Parse: 2, Bind: 40, Describe: 2, Execute: 40, Sync: 40},   // new to the connection
		{RoundTrips: 1, Bind: 40, Execute: 40, Sync: 40},                          // only bound
	} {
		p.Reset()
		do(t, conn, flight(int64(round)*100)...)
		if got := p.Reset(); got != want {
			t.Errorf("round %d: %+v, want %+v", round, got, want)
		}
	}
	fresh := connect(t, c)
	p.Reset()
	do(t, fresh, flight(1000)...)
	if got, want := p.Reset(), (testdb.Counts{RoundTrips: 1, Parse: 2, Bind: 40, Describe: 2, Execute: 40, Sync: 40}); got != want {
		t.Errorf("a new connection: %+v, want %+v", got, want)
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Reset(); got != (testdb.Counts{RoundTrips: 1, Sync: 1}) {
		t.Errorf("Ping: %+v", got)
	}
	if err := conn.Reset(t.Context(), driver.ResetRollback); err != nil {
		t.Fatal(err)
	}
	if got := p.Reset(); got != (testdb.Counts{}) {
		t.Errorf("Reset of an idle connection: %+v", got)
	}
}

func TestATransactionInOneFlightHasOneSync(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	conn := connect(t, connector(t, p.URL()))
	do(t, conn, schema("CREATE TABLE t (id int8 PRIMARY KEY)"))
	p.Reset()
	do(t, conn, begin, write("INSERT INTO t VALUES (1)"), write("INSERT INTO t VALUES (2)"), commit)
	if got := p.Reset(); got.Sync != 1 || got.RoundTrips != 1 {
		t.Errorf("%+v, want one Sync and one round trip", got)
	}
	st := fly(t, conn, begin, write("INSERT INTO t VALUES (3)"), write("INSERT INTO t VALUES (3)"), commit)
	is(t, st[2].Err, driver.ErrUnique)
	is(t, st[3].Err, driver.ErrTxAborted)
	if got := p.Reset(); got.RoundTrips != 2 {
		t.Errorf("a failed one: %+v, want a second round trip for the rollback", got)
	}
	usable(t, conn)
	p.Reset()
	do(t, conn, begin)
	do(t, conn, write("INSERT INTO t VALUES (4)"), write("INSERT INTO t VALUES (5)"), read("SELECT 1"))
	if got := p.Reset(); got.Sync != 2 || got.RoundTrips != 2 {
		t.Errorf("inside an open transaction: %+v, want one Sync a flight", got)
	}
	do(t, conn, rollback)
}

func TestWhatFollowsABeginThatFailedIsNotCarriedOut(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, schema("CREATE TABLE t (id int8)"))
	st := fly(t, conn, driver.Statement{SQL: "BEGIN ISOLATION LEVEL NONSENSE", Class: driver.Begin},
		write("INSERT INTO t VALUES (1)"), commit, write("INSERT INTO t VALUES (2)"))
	is(t, st[0].Err, driver.ErrSyntax)
	is(t, st[1].Err, driver.ErrTxAborted)
	is(t, st[2].Err, driver.ErrTxAborted)
	if st[3].Err != nil {
		t.Errorf("the statement behind the transaction: %v", st[3].Err)
	}
	if got := rows(t, conn, "SELECT id FROM t"); got != "[[2]]" {
		t.Errorf("rows %s", got)
	}
}

func TestAPreparedStatementSurvivesWhatHappensToIt(t *testing.T) {
	for _, behind := range []string{"DISCARD ALL", "DEALLOCATE ALL"} {
		conn := connect(t, connector(t, testdb.Postgres(t)))
		do(t, conn, schema("CREATE TABLE t (id int8)"))
		for range 3 {
			do(t, conn, read("SELECT count(*) FROM t"), write("INSERT INTO t VALUES ($1)", driver.Int64(1)))
		}
		do(t, conn, driver.Statement{SQL: behind})
		for i := range 3 {
			st := do(t, conn, read("SELECT count(*) FROM t"), write("INSERT INTO t VALUES ($1)", driver.Int64(1)), read("SELECT count(*) FROM t"))
			if got := fmt.Sprint(st[2].Sink.(*table).rows); got != fmt.Sprintf("[[%d]]", 4+i) {
				t.Errorf("%s: round %d: %s rows", behind, i, got)
			}
		}
	}
}

func TestAConnectionKeepsABoundedNumberOfPreparedStatements(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	for round := range 3 {
		for i := range 600 {
			if got := rows(t, conn, fmt.Sprintf("SELECT %d", i)); got != fmt.Sprintf("[[%d]]", i) {
				t.Fatalf("round %d: %d answers %s", round, i, got)
			}
		}
	}
	n := 0
	fly(t, conn, driver.Statement{SQL: "SELECT count(*) FROM pg_prepared_statements", Sink: each(func(r driver.Row) error {
		v, err := r.Int64(0)
		n = int(v)
		return err
	})})
	if n < 500 || n > 512 {
		t.Errorf("%d statements are prepared, want at most 512 and not many fewer", n)
	}
}

func TestDDLIsNotPrepared(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	for range 3 {
		do(t, conn, schema("CREATE TABLE t (id int8)"), schema("DROP TABLE t"))
	}
	if got := rows(t, conn, "SELECT count(*) FROM pg_prepared_statements"); got != "[[0]]" {
		t.Errorf("%s statements are prepared", got)
	}
}

// The kinds of change that an application meets while a migration runs.
func TestATableMayChangeBetweenTwoRuns(t *testing.T) {
	type step struct{ change, want string }
	for _, c := range []struct {
		name  string
		query driver.Statement
		steps []step
	}{
		{"a column changes its type", read("SELECT c FROM t"), []step{
			{"", "[[1]]"},
			{"ALTER TABLE t ALTER c TYPE text USING 'text ' || c", "[[text 1]]"},
			{"ALTER TABLE t ALTER c TYPE numeric USING 1.50", "[[1.50]]"},
			{"ALTER TABLE t ALTER c TYPE bytea USING '\\x4142'", "[[[65 66]]]"},
		}},
		{"columns come and go", read("SELECT * FROM t"), []step{
			{"", "[[1]]"}, {"ALTER TABLE t ADD d text DEFAULT 'x'", "[[1 x]]"}, {"ALTER TABLE t DROP c", "[[x]]"},
		}},
		{"a parameter's type grows", read("SELECT c FROM t WHERE c < $1", driver.Int64(1<<40)), []step{
			{"ALTER TABLE t ALTER c TYPE int8", "[[1]]"}, {"ALTER TABLE t ALTER c TYPE numeric", "[[1]]"},
		}},
	} {
		for _, fresh := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, new connection %v", c.name, fresh), func(t *testing.T) {
				connector := connector(t, testdb.Postgres(t))
				conn := connect(t, connector)
				do(t, conn, schema("CREATE TABLE t (c int4)"), write("INSERT INTO t VALUES (1)"))
				for _, s := range c.steps {
					if s.change != "" {
						do(t, conn, schema(s.change))
					}
					on := conn
					if fresh {
						on = connect(t, connector)
					}
					for range 4 {
						c.query.Sink = &table{}
						got := fmt.Sprint(do(t, on, c.query)[0].Sink.(*table).rows)
						if got != s.want {
							t.Fatalf("after %q: %s, want %s", s.change, got, s.want)
						}
					}
				}
			})
		}
	}
}

func TestALargerColumnTakesLargerValuesAtOnce(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, schema("CREATE TABLE t (c int4)"))
	insert := func(v int64) error { return fly(t, conn, write("INSERT INTO t VALUES ($1)", driver.Int64(v)))[0].Err }
	for range 3 {
		if err := insert(1); err != nil {
			t.Fatal(err)
		}
		is(t, insert(1<<40), driver.ErrValue)
	}
	do(t, conn, schema("ALTER TABLE t ALTER c TYPE int8"))
	for range 3 {
		if err := insert(1 << 40); err != nil {
			t.Errorf("after the column has become int8: %v", err)
		}
	}
	if got := rows(t, conn, "SELECT count(*) FROM t WHERE c = 1099511627776"); got != "[[3]]" {
		t.Errorf("%s large values", got)
	}
}

func TestAChangedTableInsideATransactionIsASerializationFailure(t *testing.T) {
	c := connector(t, testdb.Postgres(t))
	conn, other := connect(t, c), connect(t, c)
	do(t, conn, schema("CREATE TABLE t (c int4)"), write("INSERT INTO t VALUES (1)"))
	for range 3 {
		rows(t, conn, "SELECT c FROM t")
	}
	do(t, other, schema("ALTER TABLE t ALTER c TYPE text"))
	do(t, conn, begin)
	is(t, fly(t, conn, read("SELECT c FROM t"))[0].Err, driver.ErrSerialization)
	do(t, conn, rollback)
	// A transaction that stands in one flight is simply sent again.
	for range 3 {
		rows(t, conn, "SELECT c FROM t")
	}
	do(t, other, schema("ALTER TABLE t ALTER c TYPE int8 USING 7"))
	st := do(t, conn, begin, read("SELECT c FROM t"), commit)
	if got := fmt.Sprint(st[1].Sink.(*table).rows); got != "[[7]]" {
		t.Errorf("rows %s", got)
	}
}

func TestCopyIsRefused(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, schema("CREATE TABLE t (id int8)"))
	for _, sql := range []string{"COPY t FROM STDIN", "copy t TO STDOUT", " -- why\n/* a /* nested */ comment */ COPY t FROM STDIN"} {
		for range 3 {
			st := fly(t, conn, driver.Statement{SQL: sql}, write("INSERT INTO t VALUES (1)"))
			is(t, st[0].Err, driver.ErrSyntax)
			if st[1].Err != nil {
				t.Errorf("the statement behind it: %v", st[1].Err)
			}
			usable(t, conn)
		}
	}
	st := fly(t, conn, begin, driver.Statement{SQL: "COPY t FROM STDIN"}, write("INSERT INTO t VALUES (1)"), commit)
	is(t, st[1].Err, driver.ErrSyntax)
	is(t, st[2].Err, driver.ErrTxAborted)
	is(t, st[3].Err, driver.ErrTxAborted)
	usable(t, conn)
}

func TestAStatementWithANULByteIsRefused(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	st := fly(t, conn, driver.Statement{SQL: "SELECT 1\x00; DROP TABLE t"}, read("SELECT 2"))
	is(t, st[0].Err, driver.ErrSyntax)
	if st[1].Err != nil {
		t.Error(st[1].Err)
	}
	usable(t, conn)
}

func TestAStatementThatNeedsItsOwnSyncWorks(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, schema("CREATE TABLE t (id int8)"), driver.Statement{SQL: "VACUUM t"}, read("SELECT 1"), driver.Statement{SQL: "VACUUM t"})
}

func TestTextThatOpensATransactionBehindOurBackIsSeen(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, driver.Statement{SQL: "BEGIN"}, read("SELECT 1"))
	if s := conn.Status(); s != driver.InTx {
		t.Errorf("the connection is %v", s)
	}
	if err := conn.Reset(t.Context(), driver.ResetRollback); err != nil {
		t.Fatal(err)
	}
	usable(t, conn)
}

func TestASinkThatEndsItsGoroutineBreaksTheConnectionOnly(t *testing.T) {
	c := connector(t, testdb.Postgres(t))
	conn := connect(t, c)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f := driver.Flight{Statements: []driver.Statement{{SQL: "SELECT 1", Sink: each(func(driver.Row) error {
			runtime.Goexit()
			return nil
		})}, read("SELECT 2")}}
		_ = conn.Fly(t.Context(), &f)
	}()
	<-done
	if s := conn.Status(); s != driver.Broken {
		t.Errorf("the connection is %v", s)
	}
	usable(t, connect(t, c))
}
