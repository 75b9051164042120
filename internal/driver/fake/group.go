package fake

import (
	"context"
	"errors"

	"github.com/spillwaydb/spillway/internal/driver"
)

var _ driver.Grouper = (*Conn)(nil)

// OpenGroup implements driver.Grouper.
func (c *Conn) OpenGroup(ctx context.Context) error {
	if c.Status() == driver.Broken {
		return Lost()
	}
	if c.owner.OnGroup != nil {
		if err := c.owner.OnGroup(ctx, c); err != nil {
			return err
		}
	}
	if c.inner != nil {
		return c.inner.(driver.Grouper).OpenGroup(ctx)
	}
	c.SetStatus(driver.InTx)
	return nil
}

// Join implements driver.Grouper. OnFly is asked as for a flight. Without an Inner a
// statement that was canceled undoes the group, as an interrupt of SQLite does.
func (c *Conn) Join(ctx context.Context, f *driver.Flight) (undone bool) {
	for i := range f.Statements {
		f.Statements[i].Affected, f.Statements[i].Err = 0, nil
	}
	handled := false
	if c.owner.OnFly != nil {
		var err error
		if handled, err = c.owner.OnFly(ctx, c, f); err != nil {
			_ = c.fail(f, err)
			return true
		}
	}
	if !handled && c.inner != nil {
		return c.inner.(driver.Grouper).Join(ctx, f)
	}
	if undone = errors.Is(f.Err(), driver.ErrCanceled); undone {
		c.SetStatus(driver.Idle)
	}
	return undone
}

// CloseGroup implements driver.Grouper.
func (c *Conn) CloseGroup() error {
	if c.Status() == driver.Broken {
		return Lost()
	}
	if c.owner.OnCommit != nil {
		if err := c.owner.OnCommit(c); err != nil {
			c.SetStatus(driver.Idle)
			return err
		}
	}
	if c.inner != nil {
		return c.inner.(driver.Grouper).CloseGroup()
	}
	c.SetStatus(driver.Idle)
	return nil
}
