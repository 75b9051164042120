package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// kinds runs a test on a file and in memory.
func kinds(t *testing.T, run func(t *testing.T, c driver.Connector)) {
	small := []sqlite.Pragma{{Name: "wal_autocheckpoint", Value: "4"}, {Name: "cache_size", Value: "20"}}
	t.Run("file", func(t *testing.T) { run(t, open(t, sqlite.Config{Path: path(t), BusyTimeout: -1, Pragmas: small})) })
	t.Run("memory", func(t *testing.T) { run(t, open(t, sqlite.Config{Memory: true, BusyTimeout: -1, Pragmas: small})) })
}

// The writer moves amounts between rows and checkpoints all the time; every reader must
// see a whole state, the same one throughout its transaction, and nobody is ever
// refused, although nobody waits: BusyTimeout is negative.
func TestReadersAndTheWriterNeverMeet(t *testing.T) {
	kinds(t, func(t *testing.T, c driver.Connector) {
		const accounts, total = 50, 50 * 100
		w := connect(t, c, driver.Writer)
		do(t, w, "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, pad TEXT)")
		do(t, w, "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < ?1) INSERT INTO a SELECT i, 100, hex(zeroblob(400)) FROM r", driver.Int64(accounts))
		stop := make(chan struct{})
		var wg sync.WaitGroup
		reader := func(conn driver.Conn, loops int) error {
			for i := 0; loops == 0 || i < loops; i++ {
				var first, second rows
				f := driver.Flight{Statements: []driver.Statement{
					beginRead,
					{SQL: "SELECT sum(n), max(n), count(*) FROM a", Sink: &first},
					{SQL: "SELECT sum(n), max(n), count(*) FROM a", Sink: &second},
					commitTx,
				}}
				if err := conn.Fly(context.Background(), &f); err != nil {
					return err
				}
				if err := f.Err(); err != nil {
					return err
				}
				if fmt.Sprint(first.all) != fmt.Sprint(second.all) {
					return fmt.Errorf("one transaction saw %v and %v", first.all, second.all)
				}
				if first.all[0][0] != int64(total) {
					return fmt.Errorf("a reader saw a total of %v", first.all[0][0])
				}
				select {
				case <-stop:
					return nil
				default:
				}
			}
			return nil
		}
		for range 4 { // readers that stay
			conn := connect(t, c, driver.Reader)
			wg.Go(func() {
				if err := reader(conn, 0); err != nil {
					t.Errorf("reader: %v", err)
				}
			})
		}
		for range 2 { // readers that come and go
			wg.Go(func() {
				for {
					conn, err := c.Connect(context.Background(), driver.Reader)
					if err != nil {
						t.Errorf("connect: %v", err)
						return
					}
					if err := reader(conn, 2); err != nil {
						t.Errorf("passing reader: %v", err)
					}
					shut(t, conn)
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		end := time.Now().Add(time.Second)
		commits := 0
		for ; time.Now().Before(end) && !t.Failed(); commits++ {
			f := driver.Flight{Statements: []driver.Statement{
				beginTx,
				{SQL: "UPDATE a SET n = n - ?2 WHERE id = ?1", Args: []driver.Value{driver.Int64(int64(1 + commits%accounts)), driver.Int64(int64(commits % 7))}},
				{SQL: "UPDATE a SET n = n + ?2, pad = hex(randomblob(400)) WHERE id = ?1", Args: []driver.Value{driver.Int64(int64(1 + (commits*13+5)%accounts)), driver.Int64(int64(commits % 7))}},
				commitTx,
			}}
			if commits%5 == 4 {
				f.Statements[3] = rollbackTx
			}
			if err := w.Fly(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if err := f.Err(); err != nil {
				t.Fatalf("writer: %v", err)
			}
		}
		close(stop)
		wg.Wait()
		if got := one(t, w, "PRAGMA integrity_check"); got != "ok" {
			t.Errorf("integrity_check: %s", got)
		}
		t.Logf("%d transactions written", commits)
	})
}

func TestAnOpenReadKeepsItsSnapshot(t *testing.T) {
	kinds(t, func(t *testing.T, c driver.Connector) {
		r := connect(t, c, driver.Reader) // before the file exists
		w := connect(t, c, driver.Writer)
		do(t, w, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
		do(t, w, "INSERT INTO t VALUES (1, 'old')")
		if err := try(t.Context(), r, beginRead); err != nil {
			t.Fatal(err)
		}
		if got := one(t, r, "SELECT v FROM t"); got != "old" {
			t.Fatalf("the reader sees %q", got)
		}
		for range 50 {
			do(t, w, "UPDATE t SET v = v || 'er'")
			do(t, w, "INSERT INTO t (v) VALUES (hex(randomblob(3000)))")
		}
		do(t, w, "DROP TABLE t")
		if got := one(t, r, "SELECT v FROM t"); got != "old" {
			t.Errorf("within its transaction the reader sees %q", got)
		}
		// A reader can not become a writer.
		if err := try(t.Context(), r, driver.Statement{SQL: "DELETE FROM t"}); !isKind(err, driver.ErrReadOnly) {
			t.Errorf("a reader writes: %v", err)
		}
		if err := try(t.Context(), r, rollbackTx); err != nil {
			t.Fatal(err)
		}
		if err := try(t.Context(), r, driver.Statement{SQL: "SELECT v FROM t"}); !isKind(err, driver.ErrNoTable) {
			t.Errorf("after its transaction the reader gets %v", err)
		}
		if err := try(t.Context(), r, driver.Statement{SQL: "BEGIN IMMEDIATE", Class: driver.Begin}); !isKind(err, driver.ErrReadOnly) {
			t.Errorf("a reader takes the write lock: %v", err)
		}
	})
}

func TestConnectionsOpenAndCloseAtOnce(t *testing.T) {
	kinds(t, func(t *testing.T, c driver.Connector) {
		for range 10 { // each round begins and ends without a connection
			var wg sync.WaitGroup
			for i := range 6 {
				role := driver.Reader
				if i == 3 {
					role = driver.Writer
				}
				wg.Go(func() {
					conn, err := c.Connect(t.Context(), role)
					if err != nil {
						t.Errorf("Connect: %v", err)
						return
					}
					if err := try(t.Context(), conn, driver.Statement{SQL: "SELECT count(*) FROM sqlite_schema"}); err != nil {
						t.Errorf("read: %v", err)
					}
					if role == driver.Writer {
						if err := try(t.Context(), conn, driver.Statement{SQL: "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY)", Class: driver.Schema}); err != nil {
							t.Errorf("schema: %v", err)
						}
						if err := try(t.Context(), conn, driver.Statement{SQL: "INSERT INTO t DEFAULT VALUES"}); err != nil {
							t.Errorf("write: %v", err)
						}
					}
					shut(t, conn)
				})
			}
			wg.Wait()
		}
		if got := one(t, connect(t, c, driver.Reader), "SELECT count(*) FROM t"); got != "10" {
			t.Errorf("%s rows, want 10", got)
		}
	})
}

func TestADatabaseInMemoryBelongsToItsConnector(t *testing.T) {
	a, b := open(t, sqlite.Config{Memory: true}), open(t, sqlite.Config{Memory: true})
	do(t, connect(t, a, driver.Writer), "CREATE TABLE only_a (id INTEGER)")
	if got := one(t, connect(t, b, driver.Reader), "SELECT count(*) FROM sqlite_schema"); got != "0" {
		t.Error("another connector sees the table")
	}
	if f := a.Features(); f.Database != ":memory:" || !f.SingleWriter || f.SingleConnection {
		t.Errorf("features %+v", f)
	}
}

func TestASecondConnectorWaitsForTheFirst(t *testing.T) {
	file := path(t)
	a := connect(t, open(t, sqlite.Config{Path: file}), driver.Writer)
	b := connect(t, open(t, sqlite.Config{Path: file, BusyTimeout: time.Minute}), driver.Writer)
	do(t, a, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
	if err := try(t.Context(), a, beginTx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), soon, fmt.Errorf("no more patience"))
	defer cancel()
	start := time.Now()
	err := try(ctx, b, beginTx)
	if !isKind(err, driver.ErrCanceled) || err.Error() != "statement canceled: no more patience (code SQLITE_BUSY)" {
		t.Errorf("the wait ended with %v", err)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("the wait took %v", d)
	}
	done := make(chan error)
	go func() { done <- try(t.Context(), b, insert(2)) }()
	f := driver.Flight{Statements: []driver.Statement{insert(1), commitTx}}
	if err := a.Fly(t.Context(), &f); err != nil || f.Err() != nil {
		t.Fatal(err, f.Err())
	}
	if err := <-done; err != nil {
		t.Errorf("the second writer: %v", err)
	}
	if got := one(t, a, "SELECT count(*) FROM t"); got != "2" {
		t.Errorf("%s rows, want 2", got)
	}
}

// More is changed than the cache holds, so pages are written before the transaction
// ends, and taken back.
func TestALargeTransactionIsTakenBack(t *testing.T) {
	kinds(t, func(t *testing.T, c driver.Connector) {
		w, r := connect(t, c, driver.Writer), connect(t, c, driver.Reader)
		do(t, w, "PRAGMA cache_size = 5")
		do(t, w, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
		do(t, w, "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 500) INSERT INTO t SELECT i, printf('%0500d', i) FROM r")
		const sum = "SELECT count(*) || ' ' || sum(length(v)) || ' ' || min(v) || max(v) FROM t"
		before := one(t, w, sum)
		if err := try(t.Context(), r, beginRead); err != nil {
			t.Fatal(err)
		}
		same := func(what string, conn driver.Conn) {
			t.Helper()
			if got := one(t, conn, sum); got != before {
				t.Errorf("%s: the table has changed", what)
			}
			if got := one(t, conn, "PRAGMA integrity_check"); got != "ok" {
				t.Errorf("%s: integrity_check: %s", what, got)
			}
		}
		same("at first", r)
		for i := range 4 {
			f := driver.Flight{Statements: []driver.Statement{
				beginTx,
				{SQL: "DELETE FROM t WHERE id % 2"},
				{SQL: "SAVEPOINT s", Class: driver.Savepoint},
				{SQL: "UPDATE t SET v = v || v"},
				{SQL: "INSERT INTO t (v) SELECT v FROM t"},
				{SQL: "ROLLBACK TO s", Class: driver.Savepoint},
				{SQL: "INSERT INTO t (v) SELECT v FROM t"},
				rollbackTx,
			}}
			if i == 3 { // the commit is refused
				f.Statements = append(f.Statements[:7], driver.Statement{SQL: "INSERT INTO t (id) SELECT id FROM t"}, commitTx)
			}
			if err := w.Fly(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if err := f.Err(); (err != nil) != (i == 3) {
				t.Fatal(err)
			}
			same("the writer", w)
			same("a reader within its transaction", r)
		}
		do(t, w, "DELETE FROM t WHERE id > 10")
		do(t, w, "VACUUM")
		same("a reader within its transaction, after VACUUM", r)
		if err := try(t.Context(), r, commitTx); err != nil {
			t.Fatal(err)
		}
		if got := one(t, r, "SELECT count(*) FROM t") + one(t, r, "PRAGMA integrity_check"); got != "10ok" {
			t.Errorf("after its transaction the reader sees %s", got)
		}
	})
}

// BenchmarkConnect opens and closes a reader beside another one.
func BenchmarkConnect(b *testing.B) {
	for name, cfg := range map[string]sqlite.Config{"file": {Path: path(b)}, "memory": {Memory: true}} {
		b.Run(name, func(b *testing.B) {
			c := open(b, cfg)
			connect(b, c, driver.Writer)
			for b.Loop() {
				conn, err := c.Connect(b.Context(), driver.Reader)
				if err != nil {
					b.Fatal(err)
				}
				shut(b, conn)
			}
		})
	}
}
