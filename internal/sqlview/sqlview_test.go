//go:build !js

package sqlview_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// both runs f over a database with the table t (id, n, s).
func both(t *testing.T, f func(t *testing.T, db *spillway.DB, q func(string) string)) {
	t.Helper()
	testdb.Both(t, func(t *testing.T, url string) {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			// A worker parks after who waited for it has gone on.
			again := time.NewTicker(time.Millisecond)
			defer again.Stop()
			end := time.After(10 * time.Second)
			for used := db.Stats().Used; used != 0; used = db.Stats().Used {
				select {
				case <-again.C:
					continue
				case <-end:
					t.Errorf("%d connections were not given back", used)
				}
				break
			}
			db.Close()
		})
		postgres := strings.HasPrefix(url, "postgres")
		// q turns ? into the database's own placeholders.
		q := func(s string) string {
			for n := 1; postgres && strings.Contains(s, "?"); n++ {
				s = strings.Replace(s, "?", fmt.Sprintf("$%d", n), 1)
			}
			return s
		}
		exec(t, db.SQL(), "CREATE TABLE t (id integer PRIMARY KEY, n bigint NOT NULL DEFAULT 0, s text)")
		f(t, db, q)
	})
}

func exec(t *testing.T, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, text string, args ...any,
) sql.Result {
	t.Helper()
	res, err := db.ExecContext(t.Context(), text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return res
}

func one[T any](t *testing.T, row *sql.Row) (v T) {
	t.Helper()
	if err := row.Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValues(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		d := db.SQL()
		exec(t, d, "CREATE TABLE v (b boolean, i bigint, f double precision, s text, x "+
			map[bool]string{true: "blob", false: "bytea"}[q("?") == "?"]+", at timestamp, u uuid, j json)")
		at := time.Date(2026, 2, 3, 4, 5, 6, 789000, time.UTC)
		id := [16]byte{1, 2, 3, 0xff}
		doc := json.RawMessage(`{"a": [1, 2]}`)
		exec(t, d, q("INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?, ?)"), true, 1<<40, 1.5, "ä'\"", []byte{0, 1, 0xff}, at, id, doc)
		exec(t, d, q("INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?, ?)"), nil, nil, nil, nil, nil, nil, nil, nil)
		var (
			b    bool
			i    int64
			f    float64
			s, u string
			x, j []byte
			when time.Time
		)
		if err := d.QueryRowContext(t.Context(), "SELECT * FROM v WHERE b").Scan(&b, &i, &f, &s, &x, &when, &u, &j); err != nil {
			t.Fatal(err)
		}
		if !b || i != 1<<40 || f != 1.5 || s != "ä'\"" || string(x) != "\x00\x01\xff" || !when.Equal(at) ||
			u != "010203ff-0000-0000-0000-000000000000" || string(j) != string(doc) {
			t.Errorf("got %v %v %v %q %x %v %s %s", b, i, f, s, x, when, u, j)
		}
		var n sql.NullInt64
		var text *string
		var bytes []byte
		if err := d.QueryRowContext(t.Context(), "SELECT i, s, x FROM v WHERE b IS NULL").Scan(&n, &text, &bytes); err != nil || n.Valid || text != nil || bytes != nil {
			t.Errorf("NULL: %v %v %v %v", n, text, bytes, err)
		}
		rows, err := d.QueryContext(t.Context(), "SELECT i, at FROM v")
		if err != nil {
			t.Fatal(err)
		}
		types, err := rows.ColumnTypes()
		if err != nil || types[0].Name() != "i" || types[1].DatabaseTypeName() != "TIMESTAMP" {
			t.Errorf("columns: %v, %v", types, err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		if _, err := d.ExecContext(t.Context(), q("INSERT INTO v (i) VALUES (?)"), uint64(1)<<63); err == nil || !strings.Contains(err.Error(), "unsigned") {
			t.Errorf("an integer that does not fit: %v", err)
		}
		if _, err := d.ExecContext(t.Context(), q("INSERT INTO v (i) VALUES (?)"), struct{}{}); err == nil {
			t.Error("a struct was taken as a value")
		}
	})
}

func TestPlaceholdersAndNames(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		d := db.SQL()
		if got := one[int](t, d.QueryRowContext(t.Context(), q("SELECT CAST(? AS integer) - CAST(? AS integer)"), 7, 5)); got != 2 {
			t.Errorf("positional: %d", got)
		}
		const text = "SELECT CAST(:b AS integer) * 100 + CAST(@a AS integer) * 10 + CAST(:b AS integer) -- :c\n WHERE ':d' <> 'x'"
		if got := one[int](t, d.QueryRowContext(t.Context(), text, sql.Named("a", 1), sql.Named("b", 2))); got != 212 {
			t.Errorf("named: %d", got)
		}
		for _, args := range [][]any{{sql.Named("a", 1)}, {sql.Named("a", 1), 2}, {sql.Named("a", 1), sql.Named("b", 2), sql.Named("z", 3)}} {
			if err := d.QueryRowContext(t.Context(), text, args...).Scan(new(int)); err == nil {
				t.Errorf("%v was taken", args)
			}
		}
		st, err := d.PrepareContext(t.Context(), q("INSERT INTO t (id, s) VALUES (?, ?)"))
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		for i := range 3 {
			if _, err := st.ExecContext(t.Context(), i, "s"); err != nil {
				t.Fatal(err)
			}
		}
		res := exec(t, d, q("UPDATE t SET n = ?"), 9)
		if n, err := res.RowsAffected(); n != 3 || err != nil {
			t.Errorf("%d rows affected, %v", n, err)
		}
		id, err := exec(t, d, q("INSERT INTO t (id) VALUES (?)"), 77).LastInsertId()
		if q("?") == "?" && (id != 77 || err != nil) || q("?") != "?" && err == nil {
			t.Errorf("last insert id %d, %v", id, err)
		}
	})
}

func TestTransactions(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		d := db.SQL()
		count := func(q interface {
			QueryRowContext(context.Context, string, ...any) *sql.Row
		},
		) int {
			return one[int](t, q.QueryRowContext(t.Context(), "SELECT count(*) FROM t"))
		}
		for _, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
			tx, err := d.BeginTx(t.Context(), &sql.TxOptions{Isolation: level})
			if err != nil {
				t.Fatal(level, err)
			}
			exec(t, tx, "INSERT INTO t (id) VALUES (1)")
			if in, out := count(tx), count(d); in != 1 || out != 0 {
				t.Errorf("%v: %d rows inside, %d outside", level, in, out)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
		if _, err := d.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelLinearizable}); err == nil {
			t.Error("a level that nobody has was taken")
		}
		tx, err := d.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, "INSERT INTO t (id) VALUES (1)")
		// The connection is busy until the rows are closed, and says so.
		rows, err := tx.QueryContext(t.Context(), "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 5000) SELECT n FROM g")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO t (id) VALUES (2)"); err == nil || !strings.Contains(err.Error(), "still open") {
			t.Errorf("a statement beside open rows: %v", err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		exec(t, tx, "INSERT INTO t (id) VALUES (2)")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if n := count(d); n != 2 {
			t.Errorf("%d rows after the commit", n)
		}
		tx, err = d.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(tx); n != 2 {
			t.Errorf("%d rows in a read-only transaction", n)
		}
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO t (id) VALUES (3)"); !errors.Is(err, spillway.ErrReadOnly) {
			t.Errorf("a write in a read-only transaction: %v", err)
		}
		_ = tx.Rollback()
		// A transaction whose statement failed does not commit.
		tx, err = d.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, "INSERT INTO t (id) VALUES (3)")
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO t (id) VALUES (3)"); !errors.Is(err, spillway.ErrUnique) {
			t.Errorf("a second row with the key: %v", err)
		}
		if err := tx.Commit(); err == nil {
			t.Error("the commit behind a failed statement succeeded")
		}
		if n := count(d); n != 2 {
			t.Errorf("%d rows after the failed commit", n)
		}
	})
}

func TestScripts(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		d := db.SQL()
		exec(t, d, "INSERT INTO t (id) VALUES (1); -- one;\nINSERT INTO t (id, s) VALUES (2, ';');")
		_, err := d.ExecContext(t.Context(), "INSERT INTO t (id) VALUES (3); INSERT INTO t (id) VALUES (1);")
		if !errors.Is(err, spillway.ErrUnique) {
			t.Errorf("error %v", err)
		}
		exec(t, d, "BEGIN; INSERT INTO t (id) VALUES (4); COMMIT")
		if n := one[int](t, d.QueryRowContext(t.Context(), "SELECT sum(id) FROM t")); n != 7 {
			t.Errorf("the ids sum up to %d, want 1 + 2 + 4: a script succeeds or fails as a whole", n)
		}
	})
}

func TestRowsBesideWrites(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		d := db.SQL()
		exec(t, d, "INSERT INTO t (id) VALUES (1), (2), (3)")
		rows, err := d.QueryContext(t.Context(), "SELECT id FROM t")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			exec(t, d, q("UPDATE t SET n = ? WHERE id = ?"), id, id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		// A query that writes, with and without a text that looks like reading.
		if id := one[int](t, d.QueryRowContext(t.Context(), "INSERT INTO t (id) VALUES (9) RETURNING id")); id != 9 {
			t.Errorf("returned %d", id)
		}
		if q("?") == "?" {
			var n int
			if err := d.QueryRowContext(t.Context(), "WITH x(id) AS (VALUES (10)) INSERT INTO t (id) SELECT id FROM x RETURNING id").Scan(&n); err != nil || n != 10 {
				t.Errorf("WITH … INSERT: %d, %v", n, err)
			}
		}
		if err := d.QueryRowContext(t.Context(), "SELECT nope FROM t").Scan(new(int)); !errors.Is(err, spillway.ErrNoColumn) {
			t.Errorf("error %v", err)
		}
		if err := d.QueryRowContext(t.Context(), "SELECT id FROM t WHERE id = 1000").Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("error %v", err)
		}
	})
}

// A result of 80 MB is read in a few.
func TestRowsStreamInBoundedMemory(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		text := "SELECT n, '" + strings.Repeat("x", 4000) + "' FROM g"
		rows, err := db.SQL().QueryContext(t.Context(), "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 20000) "+text)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var most, base uint64
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		base = heap()
		n := 0
		for ; rows.Next(); n++ {
			var id int
			var s string
			if err := rows.Scan(&id, &s); err != nil {
				t.Fatal(err)
			}
			if n%4000 == 2000 {
				most = max(most, heap())
			}
		}
		if err := rows.Err(); err != nil || n != 20000 {
			t.Fatalf("%d rows, %v", n, err)
		}
		if most > base+8<<20 {
			t.Errorf("the heap grew by %d MB", (most-base)>>20)
		}
	})
}

func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		ctx, cancel := context.WithCancel(t.Context())
		rows, err := db.SQL().QueryContext(ctx, "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g) SELECT n FROM g")
		if err == nil {
			defer rows.Close()
			for i := 0; rows.Next(); i++ {
				if i == 100 {
					cancel()
				}
			}
			err = rows.Err()
		}
		if q("?") != "?" && err != nil && ctx.Err() == nil {
			cancel() // Postgres computes the whole of it first
		}
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if n := one[int](t, db.SQL().QueryRowContext(t.Context(), "SELECT 1")); n != 1 {
			t.Error("the database does not answer any more")
		}
	})
}

// Rows that somebody forgot do not hold up closing the database.
func TestCloseWithOpenRows(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url, DrainTimeout: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.SQL().QueryContext(t.Context(), "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 100000) SELECT n FROM g")
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Close() // tells of the unfinished work
		for rows.Next() {
		}
		if rows.Err() == nil {
			t.Error("the rows ended as if they were complete")
		}
		if _, err := db.SQL().ExecContext(t.Context(), "SELECT 1"); err == nil {
			t.Error("a closed database carried out a statement")
		}
		again, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
		if err := again.SQL().PingContext(t.Context()); err == nil {
			t.Error("a view made after the end answers")
		}
	})
}

func TestManyGoroutines(t *testing.T) {
	both(t, func(t *testing.T, db *spillway.DB, q func(string) string) {
		d := db.SQL()
		exec(t, d, "INSERT INTO t (id, n) VALUES (1, 0)")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					tx, err := d.BeginTx(t.Context(), nil)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := tx.ExecContext(t.Context(), "UPDATE t SET n = n + 1 WHERE id = 1"); err != nil {
						t.Error(err)
					}
					if err := tx.Commit(); err != nil {
						t.Error(err)
					}
					var n int
					if err := d.QueryRowContext(t.Context(), "SELECT n FROM t").Scan(&n); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := one[int](t, d.QueryRowContext(t.Context(), "SELECT n FROM t")); n != 40 {
			t.Errorf("counted to %d, want 40", n)
		}
	})
}
