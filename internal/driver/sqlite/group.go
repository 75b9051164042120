package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

var _ driver.Grouper = (*conn)(nil)

// The statements of a group. Names of savepoints may be used again, and the last one
// counts, so a savepoint of a trigger's or nobody's own does not matter.
const (
	groupBegin   = "BEGIN IMMEDIATE"
	groupCommit  = "COMMIT"
	groupPoint   = "SAVEPOINT spillway_unit"
	groupRelease = "RELEASE spillway_unit"
	groupReturn  = "ROLLBACK TO spillway_unit"
)

// OpenGroup implements [driver.Grouper].
func (c *conn) OpenGroup(ctx context.Context) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	s := driver.Statement{SQL: groupBegin, Class: driver.Begin}
	if c.tx != txNone {
		c.flying = false
		return &driver.Error{Kind: driver.ErrDatabase, Message: "a group needs a connection without a transaction"}
	}
	err := c.guard(func() error { return c.run(ctx, &s) })
	if c.broken {
		return err
	}
	c.flying = false
	if err == nil {
		c.tx = txOpen
	}
	return err
}

// Join implements [driver.Grouper].
func (c *conn) Join(ctx context.Context, f *driver.Flight) (undone bool) {
	for i := range f.Statements {
		f.Statements[i].Affected, f.Statements[i].Err = 0, nil
	}
	if err := c.enter(ctx); err != nil {
		_ = answerAll(f.Statements, err)
		return true
	}
	defer c.leave()
	if c.tx != txOpen {
		c.flying = false
		_ = answerAll(f.Statements, &driver.Error{Kind: driver.ErrDatabase, Message: "no group is open"})
		return true
	}
	err := c.guard(func() error { undone = c.join(ctx, f.Statements); return nil })
	if err != nil {
		_ = answerAll(f.Statements, err)
		return true
	}
	if c.broken {
		return true
	}
	c.flying = false
	if undone {
		c.tx = txNone
	}
	return undone
}

// join carries out a flight. What is checked at the end of a transaction is answered by
// its last statement, as it is outside of a group.
func (c *conn) join(ctx context.Context, sts []driver.Statement) (undone bool) {
	work := sts
	if n := len(sts); n >= 2 && sts[0].Class == driver.Begin && sts[n-1].Class == driver.Commit {
		work = sts[1 : n-1]
	}
	if err := c.control(groupPoint); err != nil {
		return c.takeBack(sts, work, 0, c.failed(ctx, err, nil))
	}
	for i := range work {
		c.watch.ctx = ctx
		if err := c.run(ctx, &work[i]); err != nil {
			return c.takeBack(sts, work, i, err)
		}
	}
	c.watch.ctx = context.Background()
	if c.deferred() {
		return c.takeBack(sts, work, len(work), &driver.Error{
			Kind: driver.ErrForeignKey, Code: "SQLITE_CONSTRAINT_FOREIGNKEY", Message: "FOREIGN KEY constraint failed",
		})
	}
	if err := c.control(groupRelease); err != nil {
		return c.takeBack(sts, work, len(work), c.failed(ctx, err, nil))
	}
	return false
}

// takeBack undoes a flight whose statement n failed, or whose end did if n is behind the
// work, and fills in the answers.
func (c *conn) takeBack(sts, work []driver.Statement, n int, err error) (undone bool) {
	last := &sts[len(sts)-1]
	if n < len(work) {
		last.Err = aborted()
		for i := n; i < len(work); i++ {
			work[i].Affected, work[i].Err = 0, aborted()
		}
		work[n].Err = err
	} else {
		last.Affected, last.Err = 0, err
	}
	if c.raw.GetAutocommit() {
		return true // SQLite has rolled the transaction back by itself
	}
	c.watch.ctx = context.Background()
	if c.control(groupReturn) == nil && c.control(groupRelease) == nil {
		return false
	}
	if err := c.undo(); err != nil {
		c.broken = true
	}
	return true
}

// deferred reports whether a foreign key is violated that is only checked at COMMIT
// (https://www.sqlite.org/c3ref/c_dbstatus_options.html#sqlitedbstatusdeferredfks).
func (c *conn) deferred() bool {
	n, _, err := c.raw.Status(sqlite3.DBSTATUS_DEFERRED_FKS, false)
	return n != 0 || err != nil
}

// control carries out one of the statements of a group.
func (c *conn) control(sql string) error {
	p, _, err := c.statement(sql)
	if err != nil {
		return err
	}
	return p.stmt.Exec()
}

// CloseGroup implements [driver.Grouper]. A COMMIT that meets a lock can be tried again,
// and is, for as long as others are waited for.
func (c *conn) CloseGroup() error {
	if err := c.enter(context.Background()); err != nil {
		return err
	}
	defer c.leave()
	s := driver.Statement{SQL: groupCommit, Class: driver.Commit}
	err := c.guard(func() error {
		for begin := time.Now(); ; {
			err := c.control(groupCommit)
			if sqliteCode(err) != sqlite3.BUSY || c.raw.GetAutocommit() || !c.pause(begin) {
				return err
			}
		}
	})
	if c.broken {
		return &driver.Error{Kind: driver.ErrOutcomeUnknown, Message: "the connection was lost in COMMIT", Err: err}
	}
	c.flying = false
	if err != nil {
		err = c.failed(context.Background(), err, &s)
	}
	if e := c.undo(); e != nil {
		c.broken = true
		err = lost(e)
	}
	return err
}

// pause waits a moment before something is tried again; it reports false when it has been
// tried for BusyTimeout.
func (c *conn) pause(begin time.Time) bool {
	left := c.home.cfg.BusyTimeout - time.Since(begin)
	if left <= 0 {
		return false
	}
	t := time.NewTimer(min(left, 2*time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.closing:
		return false
	}
}
