package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// maxMemory bounds the memory of one connection: cache, sorters, and the largest value.
const maxMemory = 256 << 20

// open opens a connection and sets it up. The caller holds the gate.
func (c *connector) open(ctx context.Context, role driver.Role, maintenance bool) (*conn, error) {
	uri := c.uri
	switch {
	case c.cfg.Memory:
	case c.cfg.ReadOnly:
		uri += "&mode=ro"
	case role == driver.Writer:
		uri += "&mode=rwc"
	default:
		uri += "&mode=rw"
	}
	raw, err := sqlite3.OpenContext(sqlite3.WithMaxMemory(ctx, maxMemory), uri)
	if err != nil {
		if ctx.Err() != nil {
			return nil, canceled(ctx, err)
		}
		return nil, c.openError(err)
	}
	conn := newConn(c, raw, role)
	conn.maintenance = maintenance
	conn.watch.ctx = ctx
	err = conn.setUp()
	conn.watch.ctx = context.Background()
	if err != nil {
		_ = conn.discard() // the error of the set-up is the one that counts
		if ctx.Err() != nil {
			return nil, canceled(ctx, err)
		}
		return nil, c.openError(err)
	}
	return conn, nil
}

// setUp makes the settings of a new connection and reads the file once, so that a file
// that is no database is refused now, and WAL mode is entered while nobody else opens.
func (c *conn) setUp() error {
	cfg := &c.home.cfg
	if err := c.raw.BusyHandler(c.busy); err != nil {
		return err
	}
	foreignKeys := true
	for _, p := range cfg.Pragmas {
		if _, err := c.pragma(p.Name, p.Value); err != nil {
			return fmt.Errorf("pragma %s: %w", p.Name, err)
		}
		foreignKeys = foreignKeys && !strings.EqualFold(p.Name, "foreign_keys")
	}
	if c.maintenance {
		if err := c.set("foreign_keys", "0", "0"); err != nil {
			return err
		}
	} else if foreignKeys {
		if err := c.set("foreign_keys", "1", "1"); err != nil {
			return err
		}
	}
	if cfg.Exclusive && !cfg.Memory {
		if err := c.set("locking_mode", "exclusive", "exclusive"); err != nil {
			return err
		}
	}
	if !cfg.Memory && !cfg.ReadOnly {
		// The switch deletes a rollback journal. If that came back after a power failure it
		// would undo the database, so the directory is synced here.
		if err := c.set("synchronous", "EXTRA", "3"); err != nil {
			return err
		}
		if err := c.enterWAL(); err != nil {
			return err
		}
	}
	level := synchronous[cfg.Synchronous]
	if err := c.set("synchronous", level.name, level.number); err != nil {
		return err
	}
	if _, err := c.pragma("schema_version", ""); err != nil {
		return err
	}
	if c.role == driver.Reader || cfg.ReadOnly {
		return c.set("query_only", "1", "1")
	}
	if c.home.osFiles() && cfg.Synchronous <= Extra {
		return syncDir(filepath.Dir(cfg.Path))
	}
	return nil
}

// enterWAL switches to WAL mode. The switch of a new file does not always ask the busy
// handler, so it is tried again while another process is at the same.
func (c *conn) enterWAL() error {
	for n := 0; ; n++ {
		got, err := c.pragma("journal_mode", "wal")
		switch {
		case err == nil && got == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("journal mode is %q instead of \"wal\": the VFS has no shared memory; set Exclusive", got)
		case sqliteCode(err) != sqlite3.BUSY || !c.busy(&c.watch, n):
			return err
		}
	}
}

// set sets a pragma and makes sure that it took.
func (c *conn) set(name, value, want string) error {
	if _, err := c.pragma(name, value); err != nil {
		return fmt.Errorf("pragma %s: %w", name, err)
	}
	got, err := c.pragma(name, "")
	if err != nil {
		return fmt.Errorf("pragma %s: %w", name, err)
	}
	if got != want {
		return fmt.Errorf("pragma %s is %q after it was set to %q", name, got, want)
	}
	return nil
}

// pragma reads or sets a pragma and returns its first column as text.
func (c *conn) pragma(name, value string) (string, error) {
	sql := "PRAGMA " + name
	if value != "" {
		sql += "=" + value
	}
	stmt, _, err := c.raw.Prepare(sql)
	if err != nil || stmt == nil {
		return "", err
	}
	var got string
	if stmt.Step() {
		got = stmt.ColumnText(0)
		for stmt.Step() {
			continue // a setting takes hold at the end
		}
	}
	err = stmt.Err()
	if closeErr := stmt.Close(); err == nil {
		err = closeErr
	}
	return got, err
}

// busy is SQLite's busy handler: it waits for another process, and obeys the context
// of the flight.
func (c *conn) busy(_ context.Context, count int) bool {
	if count == 0 {
		c.busySince = time.Now()
	}
	left := c.home.cfg.BusyTimeout - time.Since(c.busySince)
	if left <= 0 || c.watch.Err() != nil {
		return false
	}
	pause := min(time.Duration(count+1)*time.Millisecond, 20*time.Millisecond, left)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.watch.Done():
	case <-c.closing:
	}
	return false
}

// syncDir makes the names of the files in a directory last. SQLite does it at the first
// sync of a new WAL, but ncruces v0.35.6 opens the directory for it and then syncs the
// file once more. Where a directory can not be synced the file system has to be trusted,
// as SQLite does.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	_ = d.Sync()
	return d.Close()
}
