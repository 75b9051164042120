package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// glance reads the number of rows of t on a connection.
func glance(t *testing.T, c driver.Conn) int64 {
	t.Helper()
	var n int64
	f := &driver.Flight{Statements: []driver.Statement{{SQL: "SELECT count(*) FROM t", Class: driver.Read, Sink: number{&n}}}}
	if err := c.Fly(t.Context(), f); err != nil || f.Err() != nil {
		t.Fatal(err, f.Err())
	}
	return n
}

type number struct{ to *int64 }

func (number) Begin([]driver.Column) error { return nil }

func (n number) Row(r driver.Row) (err error) {
	*n.to, err = r.Int64(0)
	return err
}

func TestReadsOfASnapshotShareALookAndNothingElse(t *testing.T) {
	k, err := sqlite.New(sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	writer, err := k.Connect(t.Context(), driver.Writer)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close(context.Background()) }()
	insert := func(sql string, class driver.Class) {
		t.Helper()
		f := &driver.Flight{Statements: []driver.Statement{{SQL: sql, Class: class}}}
		if err := writer.Fly(t.Context(), f); err != nil || f.Err() != nil {
			t.Fatal(err, f.Err())
		}
	}
	insert("CREATE TABLE t (id INTEGER PRIMARY KEY)", driver.Schema)
	conn, err := k.Connect(t.Context(), driver.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	reader := conn.(driver.Snapshotter)
	if err := reader.OpenSnapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	insert("INSERT INTO t DEFAULT VALUES", driver.Write)
	if n := glance(t, reader); n != 1 {
		t.Errorf("a snapshot is taken by its first read: saw %d rows, want 1", n)
	}
	insert("INSERT INTO t DEFAULT VALUES", driver.Write)
	if n := glance(t, reader); n != 1 {
		t.Errorf("the second read saw %d rows, want the 1 of the first", n)
	}

	bad := &driver.Flight{Statements: []driver.Statement{{SQL: "SELECT abs(-9223372036854775808)", Class: driver.Read}}}
	if err := reader.Fly(t.Context(), bad); err != nil || bad.Err() == nil {
		t.Fatal(err, bad.Err())
	}
	ctx, cancel := context.WithCancel(t.Context())
	endless := &driver.Flight{Statements: []driver.Statement{{
		SQL:   "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c, t",
		Class: driver.Read,
	}}}
	go cancel()
	if err := reader.Fly(ctx, endless); err != nil || !errors.Is(endless.Err(), driver.ErrCanceled) {
		t.Fatal(err, endless.Err())
	}
	if reader.Status() != driver.Idle {
		t.Errorf("between the reads the connection is %s", reader.Status())
	}
	if n := glance(t, reader); n != 1 {
		t.Errorf("after one that failed, and one that was interrupted, a read saw %d rows, want 1", n)
	}
	if err := reader.OpenSnapshot(t.Context()); err == nil {
		t.Error("a snapshot was opened twice")
	}
	reader.CloseSnapshot()
	reader.CloseSnapshot() // does nothing
	if n := glance(t, reader); n != 2 || reader.Status() != driver.Idle {
		t.Errorf("after the snapshot a read saw %d rows, want 2; the connection is %s", n, reader.Status())
	}
}
