package faultvfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/faultvfs"
)

func open(t *testing.T, d *faultvfs.Disk, file string) *sqlite3.Conn {
	t.Helper()
	c, err := sqlite3.Open("file:" + file + "?vfs=" + d.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func exec(t *testing.T, c *sqlite3.Conn, sql string) {
	t.Helper()
	if err := c.Exec(sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// found counts the rows of t after a power loss; -1 means that there is no table.
func found(t *testing.T, d *faultvfs.Disk, keep func() bool) int {
	t.Helper()
	dir := t.TempDir()
	if err := d.PowerLoss(dir, keep); err != nil {
		t.Fatal(err)
	}
	c, err := sqlite3.Open(filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, _, err := c.Prepare("SELECT count(*) FROM t")
	if err != nil {
		return -1
	}
	defer s.Close()
	if !s.Step() {
		t.Fatal(s.Err())
	}
	return s.ColumnInt(0)
}

func TestOnlyWhatWasSyncedIsFoundAfterAPowerLoss(t *testing.T) {
	d := faultvfs.New()
	defer d.Close()
	c := open(t, d, filepath.Join(t.TempDir(), "x.db"))
	exec(t, c, "PRAGMA synchronous=extra; CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)")
	if n := found(t, d, nil); n != 1 {
		t.Errorf("%d rows, want the synced one", n)
	}
	exec(t, c, "PRAGMA synchronous=off; INSERT INTO t VALUES (2)")
	if n := found(t, d, nil); n != 1 {
		t.Errorf("%d rows, want only the synced one", n)
	}
	if n := found(t, d, func() bool { return true }); n != 2 {
		t.Errorf("%d rows, want the unsynced one too", n)
	}
}

func TestADeletedFileComesBackUnlessItsDirectoryWasSynced(t *testing.T) {
	for sync, want := range map[string]int{"full": -1, "extra": 0} {
		d := faultvfs.New()
		c := open(t, d, filepath.Join(t.TempDir(), "x.db"))
		exec(t, c, "PRAGMA synchronous="+sync+"; CREATE TABLE t (id INTEGER)")
		// With full, the rollback journal is still there and takes the table away.
		if n := found(t, d, nil); n != want {
			t.Errorf("%s: %d rows, want %d", sync, n, want)
		}
	}
}

func TestTheNthChangeFails(t *testing.T) {
	d := faultvfs.New()
	c := open(t, d, filepath.Join(t.TempDir(), "x.db"))
	exec(t, c, "CREATE TABLE t (id INTEGER)")
	d.FailAt(0, faultvfs.Broken, false)
	exec(t, c, "INSERT INTO t VALUES (1)")
	changes := d.Changes()
	for i := range changes + 1 {
		n := i + 1
		if i == changes {
			n += 100 // behind the end
		}
		for _, always := range []bool{false, true} {
			d.FailAt(n, faultvfs.Broken, always)
			err := c.Exec("INSERT INTO t VALUES (1)")
			d.FailAt(0, faultvfs.Broken, false)
			if failed := errors.Is(err, sqlite3.IOERR); failed != (n <= changes) {
				t.Errorf("change %d of %d (always %v): %v", n, changes, always, err)
			}
		}
	}
	d.FailAt(1, faultvfs.Full, true)
	if err := c.Exec("INSERT INTO t VALUES (1)"); !errors.Is(err, sqlite3.FULL) {
		t.Errorf("on a full disk: %v", err)
	}
	d.FailAt(0, faultvfs.Full, false)
	exec(t, c, "INSERT INTO t VALUES (1)")
}

func TestAFileThatWasThereIsFound(t *testing.T) {
	dir := t.TempDir()
	plain, err := sqlite3.Open(filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, plain, "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)")
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	d := faultvfs.New()
	c := open(t, d, filepath.Join(dir, "x.db"))
	exec(t, c, "PRAGMA synchronous=off; INSERT INTO t VALUES (2)")
	if n := found(t, d, nil); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if _, err := os.Stat(filepath.Join(dir, "x.db-journal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
}
