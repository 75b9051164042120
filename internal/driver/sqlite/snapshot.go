package sqlite

import (
	"context"

	"github.com/spillwaydb/spillway/internal/driver"
)

var _ driver.Snapshotter = (*conn)(nil)

// The statements of a shared look. A transaction that was begun as DEFERRED takes its
// snapshot, and the lock of the WAL that goes with it, at its first read
// (https://www.sqlite.org/lang_transaction.html), and keeps both until it ends.
const (
	snapshotBegin = "BEGIN DEFERRED"
	snapshotEnd   = "COMMIT"
)

// OpenSnapshot implements [driver.Snapshotter].
func (c *conn) OpenSnapshot(ctx context.Context) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	if c.tx != txNone || c.snapshot {
		c.flying = false
		return &driver.Error{Kind: driver.ErrDatabase, Message: "a snapshot needs a connection without a transaction"}
	}
	err := c.guard(func() error { return c.control(snapshotBegin) })
	if c.broken {
		return err
	}
	c.flying = false
	c.snapshot = err == nil
	return err
}

// CloseSnapshot implements [driver.Snapshotter]. Nothing was written, so there is nothing
// that its end could lose.
func (c *conn) CloseSnapshot() {
	if c.enter(context.Background()) != nil {
		return
	}
	defer c.leave()
	c.snapshot = false
	err := c.guard(func() error {
		if !c.raw.GetAutocommit() && c.control(snapshotEnd) != nil {
			return c.undo()
		}
		return nil
	})
	c.broken = c.broken || err != nil
	c.flying = false
}
