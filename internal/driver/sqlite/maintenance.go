package sqlite

import (
	"context"
	"math"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// maintenance implements [driver.Connector] for changing the schema: foreign keys are not
// enforced on its connections. SQLite changes most things about a table by building it
// anew, and dropping the old one would delete the rows that refer to it.
type maintenance struct{ *connector }

var (
	_ driver.Maintainer = (*connector)(nil)
	_ driver.Locker     = (*connector)(nil)
)

// Maintenance implements [driver.Maintainer].
func (c *connector) Maintenance() driver.Connector { return maintenance{c} }

// Connect implements [driver.Connector].
func (m maintenance) Connect(ctx context.Context, role driver.Role) (driver.Conn, error) {
	return m.connect(ctx, role, true)
}

// Close implements [driver.Connector]. The database stays open.
func (m maintenance) Close() error { return nil }

// lockSuffix is behind the name of the database in that of the file that is locked.
const lockSuffix = "-migrate-lock"

// Lock implements [driver.Locker]. Of a file it is the write lock of another SQLite
// database beside it, which the operating system frees when the process ends. Nobody
// else can have a database in memory, or one that can be open only once.
func (c *connector) Lock(ctx context.Context) (unlock func() error, err error) {
	select {
	case c.migrating <- struct{}{}:
	case <-ctx.Done():
		return nil, canceled(ctx, nil)
	}
	free := func() error { <-c.migrating; return nil }
	if c.cfg.Memory || c.singleConnection() {
		return free, nil
	}
	conn, err := c.lockFile(ctx)
	if err != nil {
		_ = free() // it never fails
		return nil, err
	}
	return func() error {
		defer func() { _ = free() }()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return conn.Close(ctx)
	}, nil
}

// lockFile opens the file and locks it.
func (c *connector) lockFile(ctx context.Context) (driver.Conn, error) {
	beside, err := New(Config{
		Path: c.cfg.Path + lockSuffix, VFS: c.cfg.VFS, Synchronous: Off,
		BusyTimeout: math.MaxInt64, // ctx is the bound
	})
	if err != nil {
		return nil, err
	}
	conn, err := beside.Connect(ctx, driver.Writer)
	if err != nil {
		return nil, err
	}
	f := driver.Flight{Statements: []driver.Statement{{SQL: "BEGIN EXCLUSIVE", Class: driver.Begin}}}
	err = conn.Fly(ctx, &f)
	if err == nil {
		err = f.Err()
	}
	if err != nil {
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(closing) // the reason is err
		return nil, err
	}
	return conn, nil
}
