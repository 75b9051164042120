package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/postgres"
	"github.com/spillwaydb/spillway/internal/testdb"
)

func TestShortOverrunsDialNothing(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	conn := connect(t, connector(t, p.URL()))
	p.Reset()
	const overruns = 100
	for range overruns {
		ctx, cancel := context.WithCancel(t.Context())
		f := driver.Flight{Statements: []driver.Statement{{SQL: "SELECT 1", Class: driver.Read, Sink: each(func(driver.Row) error {
			cancel() // the end of the answer is on its way
			return nil
		})}}}
		if err := conn.Fly(ctx, &f); err != nil || f.Err() != nil {
			t.Fatal(err, f.Err())
		}
	}
	// A loaded machine may stop for longer than the grace now and then.
	if got := p.Counts(); got.Connections != 0 || got.Cancels > overruns/2 {
		t.Errorf("%d overruns: %d dials and %d cancel requests", overruns, got.Connections, got.Cancels)
	}
	usable(t, conn)
}

func TestALateCancelNeverReachesTheNextStatement(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	conn := connect(t, connector(t, p.URL()))
	stopped, finished := 0, 0
	for i := range 150 {
		// Ends around the moment when the cancel request arrives, which takes a connection
		// of its own and a new process of the server: nobody knows how long.
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
		f := driver.Flight{Statements: []driver.Statement{read(fmt.Sprintf("SELECT pg_sleep(%f)", 0.006+0.003*float64(i%12)))}}
		if err := conn.Fly(ctx, &f); err != nil {
			t.Fatal(err)
		}
		cancel()
		if f.Err() == nil {
			finished++
		} else {
			stopped++
			is(t, f.Err(), driver.ErrCanceled, context.DeadlineExceeded)
		}
		if got := rows(t, conn, "SELECT 1 FROM pg_sleep(0.001)"); got != "[[1]]" {
			t.Fatalf("the next statement answers %s", got)
		}
	}
	if stopped == 0 || finished == 0 {
		t.Errorf("%d statements stopped, %d finished: the test has to see both", stopped, finished)
	}
	if got := p.Counts(); got.Connections != 1 {
		t.Errorf("%d connections", got.Connections)
	}
}

func TestACanceledConnectionIsAsGoodAsNew(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	conn := connect(t, connector(t, p.URL()))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	p.Reset()
	f := driver.Flight{Statements: []driver.Statement{read("SELECT pg_sleep(100)")}}
	if err := conn.Fly(ctx, &f); err != nil {
		t.Fatal(err)
	}
	is(t, f.Err(), driver.ErrCanceled, context.DeadlineExceeded)
	if got := p.Reset(); got.Cancels == 0 || got.Sync != 2 {
		t.Errorf("%+v, want a cancel request, and a Sync after it to take one that comes late", got)
	}
	// Longer than any deadline that the cancel may have left on the socket.
	rows(t, conn, fmt.Sprintf("SELECT 1 FROM pg_sleep(%f)", (postgres.DrainTimeout+300*time.Millisecond).Seconds()))
}

func TestABlackHoleEndsWithTheDeadline(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	c := connector(t, p.URL())
	do(t, connect(t, c), schema("CREATE TABLE t (id int8)"))
	for _, warm := range []bool{false, true} {
		conn := connect(t, c)
		if warm {
			usable(t, conn)
		}
		p.BlackHole(true)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		f := driver.Flight{Statements: []driver.Statement{read("SELECT 1"), write("INSERT INTO t VALUES (1)"), begin, write("INSERT INTO t VALUES (2)")}}
		start := time.Now()
		err := conn.Fly(ctx, &f)
		took := time.Since(start)
		cancel()
		is(t, err, driver.ErrConnectionLost, context.DeadlineExceeded)
		if limit := 50*time.Millisecond + postgres.CancelGrace + postgres.DrainTimeout + time.Second; took > limit {
			t.Errorf("Fly took %v, want at most %v", took, limit)
		}
		if conn.Status() != driver.Broken {
			t.Errorf("the connection is %v", conn.Status())
		}
		for i, unknown := range []bool{false, true, false, false} {
			is(t, f.Statements[i].Err, driver.ErrConnectionLost, context.DeadlineExceeded)
			if got := errors.Is(f.Statements[i].Err, driver.ErrOutcomeUnknown); got != unknown {
				t.Errorf("statement %d: outcome unknown is %v, want %v", i, got, unknown)
			}
		}
		start = time.Now()
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("closing the broken connection took %v", took)
		}
		p.BlackHole(false)
		p.CutAll()
	}
}

func TestConnectEndsWithItsContextAndLeavesNothingBehind(t *testing.T) {
	server := testdb.Postgres(t)
	p := testdb.NewProxy(t, server)
	c := connector(t, p.URL())
	p.BlackHole(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := c.Connect(ctx, driver.Reader)
	is(t, err, driver.ErrConnect, context.DeadlineExceeded)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("Connect took %v", took)
	}
	p.BlackHole(false)
	p.CutAll()
	p.Reset()
	usable(t, connect(t, c)) // a new one, not what the first attempt may have got
	if got := p.Counts(); got.Connections != 1 {
		t.Errorf("%d connections after the black hole, want 1", got.Connections)
	}
}

func TestALostConnectionLeavesWritesInDoubtAndNothingElse(t *testing.T) {
	server := testdb.Postgres(t)
	p := testdb.NewProxy(t, server)
	c := connector(t, p.URL())
	direct := connect(t, connector(t, server))
	do(t, direct, schema("CREATE TABLE t (id int8)"))
	id := int64(0)
	for _, cut := range []testdb.Cut{testdb.CutBefore, testdb.CutAfter} {
		for _, tt := range []struct {
			name    string
			before  []driver.Statement
			flight  []driver.Statement
			unknown []bool
		}{
			{"alone", nil, []driver.Statement{write("INSERT INTO t VALUES ($1)"), read("SELECT 1")}, []bool{true, false}},
			{"raw", nil, []driver.Statement{{SQL: "INSERT INTO t VALUES ($1)"}}, []bool{true}},
			{"in a transaction", []driver.Statement{begin}, []driver.Statement{write("INSERT INTO t VALUES ($1)")}, []bool{false}},
			{"with its commit", []driver.Statement{begin}, []driver.Statement{write("INSERT INTO t VALUES ($1)"), commit}, []bool{true, true}},
			{"whole", nil, []driver.Statement{begin, write("INSERT INTO t VALUES ($1)"), commit}, []bool{false, true, true}},
			{"rolled back", nil, []driver.Statement{begin, write("INSERT INTO t VALUES ($1)"), rollback}, []bool{false, false, false}},
		} {
			conn := connect(t, c)
			do(t, conn, tt.before...)
			id++
			for i := range tt.flight {
				if len(tt.flight[i].SQL) > 20 {
					tt.flight[i].Args = []driver.Value{driver.Int64(id)}
				}
			}
			p.Cut(cut)
			f := driver.Flight{Statements: tt.flight}
			err := conn.Fly(t.Context(), &f)
			is(t, err, driver.ErrConnectionLost)
			doubt := false
			for i, unknown := range tt.unknown {
				is(t, f.Statements[i].Err, driver.ErrConnectionLost)
				got := errors.Is(f.Statements[i].Err, driver.ErrOutcomeUnknown)
				doubt = doubt || got
				if got != unknown {
					t.Errorf("cut %d, %s, statement %d: outcome unknown is %v, want %v", cut, tt.name, i, got, unknown)
				}
			}
			// A server whose client is gone may still be at work.
			do(t, direct, begin, driver.Statement{SQL: "LOCK TABLE t IN ACCESS EXCLUSIVE MODE"}, commit)
			stored := rows(t, direct, "SELECT count(*) FROM t WHERE id = $1", driver.Int64(id)) == "[[1]]"
			if stored && !doubt {
				t.Errorf("cut %d, %s: stored, but said not to be", cut, tt.name)
			}
			if stored && cut == testdb.CutBefore {
				t.Errorf("%s: stored, though the server saw nothing", tt.name)
			}
		}
	}
}

func TestARestartOfTheServerLosesConnections(t *testing.T) {
	cluster := testdb.NewCluster(t)
	c := connector(t, cluster.URL())
	for name, stop := range map[string]func() error{"crash": cluster.Stop, "shutdown": cluster.Shutdown} {
		conn := connect(t, c)
		usable(t, conn)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		f := driver.Flight{Statements: []driver.Statement{read("SELECT 1")}}
		is(t, conn.Fly(t.Context(), &f), driver.ErrConnectionLost)
		is(t, f.Err(), driver.ErrConnectionLost)
		if conn.Status() != driver.Broken {
			t.Errorf("%s: the connection is %v", name, conn.Status())
		}
		_, err := c.Connect(t.Context(), driver.Reader)
		is(t, err, driver.ErrConnect)
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
		usable(t, connect(t, c))
	}
	conn := connect(t, c)
	pid := do(t, conn, read("SELECT pg_backend_pid()"))[0].Sink.(*table).rows[0][0]
	cluster.Exec(t, fmt.Sprintf("SELECT pg_terminate_backend(%d, 10000)", pid))
	f := driver.Flight{Statements: []driver.Statement{write("INSERT INTO nowhere VALUES (1)")}}
	err := conn.Fly(t.Context(), &f)
	is(t, err, driver.ErrConnectionLost)
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "57P01" {
		t.Errorf("the native error is out of reach: %v", err)
	}
}

func TestAStatementTimeoutOfTheServerIsNotOurs(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, driver.Statement{SQL: "SET statement_timeout = '30ms'"})
	err := fly(t, conn, read("SELECT pg_sleep(10)"))[0].Err
	is(t, err, driver.ErrCanceled)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("the error blames the context: %v", err)
	}
	usable(t, conn)
}
