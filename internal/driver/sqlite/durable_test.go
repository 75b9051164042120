package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/faultvfs"
)

// ledger is what a scenario was told about the rows it wrote.
type ledger struct {
	acked, unknown map[int]bool
	failed         map[int]error
}

// book enters the answer for some rows.
func (l *ledger) book(err error, ids ...int) {
	for _, id := range ids {
		switch {
		case err == nil:
			l.acked[id] = true
		case errors.Is(err, driver.ErrOutcomeUnknown):
			l.unknown[id] = true
		default:
			l.failed[id] = err
		}
	}
}

// scenario writes rows in all the ways there are, on a file with a checkpoint every few
// pages, and goes on whatever fails.
func scenario(t *testing.T, cfg sqlite.Config) *ledger {
	t.Helper()
	ctx := t.Context()
	l := &ledger{map[int]bool{}, map[int]bool{}, map[int]error{}}
	cfg.Pragmas = []sqlite.Pragma{{Name: "wal_autocheckpoint", Value: "8"}}
	c := connector(t, cfg)
	defer c.Close()
	id := 0
	for range 2 {
		conn, err := c.Connect(ctx, driver.Writer)
		if err != nil {
			continue
		}
		_ = try(ctx, conn, driver.Statement{SQL: "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v TEXT)", Class: driver.Schema})
		for range 8 {
			id++
			l.book(try(ctx, conn, insert(id)), id)
		}
		for range 3 {
			f := driver.Flight{Statements: []driver.Statement{beginTx, insert(id + 1), insert(id + 2), commitTx}}
			err := conn.Fly(ctx, &f)
			if err == nil {
				err = f.Statements[3].Err
			}
			if err == nil && f.Err() != nil {
				t.Errorf("the commit went well although a statement failed: %v", f.Err())
			}
			l.book(err, id+1, id+2)
			id += 2
			if s := conn.Status(); err != nil && s != driver.Idle && s != driver.Broken {
				t.Errorf("after a failed commit the connection is %v", s)
			}
		}
		_ = try(ctx, conn, driver.Statement{SQL: "DELETE FROM t WHERE id = 0"})
		_ = conn.Close(ctx)
	}
	return l
}

// check reads the file and compares it with the ledger.
func (l *ledger) check(t *testing.T, what string, cfg sqlite.Config) {
	t.Helper()
	c := connector(t, cfg)
	defer c.Close()
	conn, err := c.Connect(context.Background(), driver.Writer)
	if err != nil {
		t.Fatalf("%s: the database does not open any more: %v", what, err)
	}
	defer shut(t, conn)
	if got := one(t, conn, "PRAGMA integrity_check"); got != "ok" {
		t.Fatalf("%s: integrity_check: %s", what, got)
	}
	found := map[int]bool{}
	if one(t, conn, "SELECT count(*) FROM sqlite_schema WHERE name = 't'") == "1" {
		for _, r := range query(t, conn, "SELECT id, v FROM t") {
			id := int(r[0].(int64))
			found[id] = r[1] == fmt.Sprintf("row %d", id)
		}
	}
	for id := range l.acked {
		if !found[id] {
			t.Fatalf("%s: row %d was acknowledged and is lost (%d acknowledged, %d found)", what, id, len(l.acked), len(found))
		}
	}
	for id := range found {
		if !l.acked[id] && !l.unknown[id] {
			t.Fatalf("%s: row %d is there, but was answered with %v", what, id, l.failed[id])
		}
	}
}

func (l *ledger) lost(t *testing.T, cfg sqlite.Config) bool {
	t.Helper()
	c := connector(t, cfg)
	defer c.Close()
	conn, err := c.Connect(t.Context(), driver.Writer)
	if err != nil {
		return true
	}
	defer shut(t, conn)
	if one(t, conn, "SELECT count(*) FROM sqlite_schema WHERE name = 't'") == "0" {
		return len(l.acked) > 0
	}
	return one(t, conn, "SELECT count(*) FROM t") != fmt.Sprint(len(l.acked))
}

// powerLoss returns a file as it is found after the power failed.
func powerLoss(t *testing.T, disk *faultvfs.Disk, keep func() bool) sqlite.Config {
	t.Helper()
	dir := t.TempDir()
	if err := disk.PowerLoss(dir, keep); err != nil {
		t.Fatal(err)
	}
	return sqlite.Config{Path: filepath.Join(dir, "test.db"), Synchronous: sqlite.Off} // only read
}

func newDisk(t *testing.T) *faultvfs.Disk {
	d := faultvfs.New()
	t.Cleanup(d.Close)
	return d
}

func TestAcknowledgedCommitsSurviveAPowerFailure(t *testing.T) {
	for _, exclusive := range []bool{false, true} {
		t.Run(fmt.Sprintf("exclusive %v", exclusive), func(t *testing.T) {
			disk := newDisk(t)
			conn := connect(t, open(t, sqlite.Config{
				Path: path(t), VFS: disk.Name(), Exclusive: exclusive,
				Pragmas: []sqlite.Pragma{{Name: "wal_autocheckpoint", Value: "8"}},
			}), driver.Writer)
			do(t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
			l := &ledger{map[int]bool{}, map[int]bool{}, map[int]error{}}
			rng := rand.New(rand.NewPCG(1, 2))
			for id := range 60 {
				l.book(try(t.Context(), conn, insert(id)), id)
				l.check(t, "nothing unsynced kept", powerLoss(t, disk, nil))
				l.check(t, "some of the unsynced kept", powerLoss(t, disk, func() bool { return rng.IntN(2) == 0 }))
			}
			if len(l.acked) != 60 {
				t.Errorf("%d rows acknowledged, want 60", len(l.acked))
			}
		})
	}
}

// The other levels show that the disk bites: what they do not promise, they lose.
func TestLowerLevelsLoseCommitsInAPowerFailure(t *testing.T) {
	for _, level := range []sqlite.Synchronous{sqlite.Normal, sqlite.Off} {
		t.Run(level.String(), func(t *testing.T) {
			disk := newDisk(t)
			conn := connect(t, open(t, sqlite.Config{Path: path(t), VFS: disk.Name(), Synchronous: level}), driver.Writer)
			do(t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
			l := &ledger{map[int]bool{}, map[int]bool{}, map[int]error{}}
			for id := range 20 {
				l.book(try(t.Context(), conn, insert(id)), id)
			}
			if !l.lost(t, powerLoss(t, disk, nil)) {
				t.Error("no row is lost: either the level or the disk does not do what it says")
			}
		})
	}
}

func TestNoFaultOfTheDiskLosesAnAcknowledgedRow(t *testing.T) {
	disk := newDisk(t)
	disk.FailAt(0, faultvfs.Broken, false)
	if l := scenario(t, sqlite.Config{Path: path(t), VFS: disk.Name()}); len(l.acked) != 28 {
		t.Fatalf("on a sound disk %d rows are acknowledged, want 28: %v", len(l.acked), l.failed)
	}
	points := disk.Changes()
	t.Logf("the scenario changes the disk %d times", points)
	rng := rand.New(rand.NewPCG(3, 4))
	unknown, failed := 0, 0
	for _, fault := range []faultvfs.Fault{faultvfs.Broken, faultvfs.Full} {
		for _, always := range []bool{false, true} {
			for n := 1; n <= points; n++ {
				what := fmt.Sprintf("disk %v at change %d (always %v)", fault, n, always)
				disk := faultvfs.New()
				cfg := sqlite.Config{Path: path(t), VFS: disk.Name()}
				disk.FailAt(n, fault, always)
				l := scenario(t, cfg)
				unknown += len(l.unknown)
				failed += len(l.failed)
				l.check(t, what+", power lost", powerLoss(t, disk, nil))
				l.check(t, what+", power lost, some kept", powerLoss(t, disk, func() bool { return rng.IntN(2) == 0 }))
				disk.FailAt(0, fault, false)
				l.check(t, what+", healed", cfg)
				disk.Close()
			}
		}
	}
	t.Logf("%d rows failed, %d of unknown outcome", failed, unknown)
	if failed == 0 || unknown == 0 {
		t.Error("no fault was felt")
	}
}
