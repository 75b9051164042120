//go:build unix

package testdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway/internal/testdb"
)

func TestTheProxyCountsWhatCrossesIt(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	conn := connect(t, p.URL())
	if got := p.Reset(); got.Connections != 1 || got.RoundTrips == 0 {
		t.Errorf("connecting: %+v", got)
	}
	for range 3 {
		if _, err := conn.PgConn().ExecParams(t.Context(), "SELECT $1::text", [][]byte{[]byte("x")}, nil, nil, nil).Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := testdb.Counts{RoundTrips: 3, Parse: 3, Bind: 3, Describe: 3, Execute: 3, Sync: 3}
	if got := p.Reset(); got != want {
		t.Errorf("three statements: %+v, want %+v", got, want)
	}
	if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Counts(); got != (testdb.Counts{Cancels: 1}) {
		t.Errorf("a cancel request: %+v", got)
	}
}

func TestTheProxyCutsBeforeAndAfterTheServerActs(t *testing.T) {
	server := testdb.Postgres(t)
	p := testdb.NewProxy(t, server)
	run(t, connect(t, server), "CREATE TABLE t (id int)")
	for cut, want := range map[testdb.Cut]int{testdb.CutBefore: 0, testdb.CutAfter: 1} {
		conn := connect(t, p.URL())
		p.Cut(cut)
		if _, err := conn.Exec(t.Context(), "INSERT INTO t VALUES (1)"); err == nil {
			t.Errorf("cut %d: no error", cut)
		}
		var n int
		if err := connect(t, p.URL()).QueryRow(t.Context(), "WITH d AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM d").Scan(&n); err != nil || n != want {
			t.Errorf("cut %d: %d rows, %v; want %d", cut, n, err, want)
		}
	}
}

func TestTheProxyBreaksConnections(t *testing.T) {
	p := testdb.NewProxy(t, testdb.Postgres(t))
	conn := connect(t, p.URL())
	p.Delay(50 * time.Millisecond)
	start := time.Now()
	run(t, conn, "SELECT 1")
	if d := time.Since(start); d < 50*time.Millisecond {
		t.Errorf("delayed by 50ms: an answer after %v", d)
	}
	p.Delay(0)
	p.Refuse(true)
	if _, err := pgx.Connect(t.Context(), p.URL()); err == nil {
		t.Error("refused: connected")
	}
	p.Refuse(false)
	p.BlackHole(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT 1"); err == nil || ctx.Err() == nil {
		t.Errorf("black hole: %v", err)
	}
	p.BlackHole(false)
	other := connect(t, p.URL())
	p.CutAll()
	if _, err := other.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("cut: an answer")
	}
}
