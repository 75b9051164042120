package sqlite

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// txState is what the owner of a connection believes about its transaction.
type txState uint8

const (
	txNone   txState = iota
	txOpen           // open
	txFailed         // open, but a statement failed
	txGone           // SQLite rolled it back; the owner has not ended it yet
)

// conn implements [driver.Conn].
type conn struct {
	home *connector
	role driver.Role
	// maintenance: it is for changing the schema, so foreign keys are not enforced.
	maintenance bool

	raw   *sqlite3.Conn
	cache cache
	row   row
	watch watch
	tx    txState
	// snapshot: a transaction is open that statements need not know of.
	snapshot bool

	busySince time.Time

	// mu is held by whatever uses raw. Only Close comes from elsewhere.
	mu       sync.Mutex
	flying   bool // a call is running, or was left by a panic or Goexit
	broken   bool
	finished bool          // raw is closed
	closing  chan struct{} // closed when Close was called
	done     chan struct{} // closed when raw is closed
	shut     atomic.Bool   // Close was called
	closeErr error
}

// watch is the context that SQLite asks while it works: that of the flight, ended by
// Close as well.
type watch struct {
	ctx  context.Context
	shut *atomic.Bool
}

func (w *watch) Deadline() (time.Time, bool) { return w.ctx.Deadline() }
func (w *watch) Done() <-chan struct{}       { return w.ctx.Done() }
func (w *watch) Value(key any) any           { return w.ctx.Value(key) }

func (w *watch) Err() error {
	if w.shut.Load() {
		return context.Canceled
	}
	return w.ctx.Err()
}

func newConn(home *connector, raw *sqlite3.Conn, role driver.Role) *conn {
	c := &conn{home: home, role: role, closing: make(chan struct{}), done: make(chan struct{})}
	c.watch = watch{ctx: context.Background(), shut: &c.shut}
	c.adopt(raw)
	return c
}

// adopt takes raw as the connection.
func (c *conn) adopt(raw *sqlite3.Conn) {
	c.raw = raw
	c.cache = newCache(c.home.cfg.StatementCache)
	raw.SetInterrupt(&c.watch)
	trace(raw)
}

// enter begins a call that uses raw; it fails when the connection is gone.
func (c *conn) enter(ctx context.Context) error {
	c.mu.Lock()
	if c.broken || c.shut.Load() {
		c.unlock()
		return lost(nil)
	}
	c.flying = true
	c.watch.ctx = ctx
	return nil
}

// leave ends a call. A call that did not come to its end leaves the connection broken.
func (c *conn) leave() {
	if c.flying {
		c.broken = true
	}
	c.watch.ctx = context.Background()
	c.unlock()
}

// unlock gives mu back, and finishes what a Close in the meantime could not.
func (c *conn) unlock() {
	c.mu.Unlock()
	if c.shut.Load() {
		c.finish()
	}
}

// Status implements [driver.Conn].
func (c *conn) Status() driver.Status {
	switch {
	case c.broken || c.shut.Load():
		return driver.Broken
	case c.tx == txNone:
		return driver.Idle
	case c.tx == txOpen:
		return driver.InTx
	default:
		return driver.InFailedTx
	}
}

// Ping implements [driver.Conn]: it reads the file.
func (c *conn) Ping(ctx context.Context) (err error) {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	err = c.guard(func() error { return c.ping() })
	c.flying = false
	if err != nil {
		c.broken = c.broken || ctx.Err() == nil
		return c.failed(ctx, err, nil)
	}
	return nil
}

func (c *conn) ping() error {
	if err := c.watch.Err(); err != nil {
		return sqlite3.INTERRUPT
	}
	_, err := c.pragma("schema_version", "")
	return err
}

// Reset implements [driver.Conn]. A full reset opens the database anew in place, which
// forgets every setting, temporary table and attached database.
func (c *conn) Reset(ctx context.Context, mode driver.ResetMode) error {
	if err := c.enter(context.Background()); err != nil {
		return err
	}
	defer c.leave()
	err := c.guard(func() error {
		if err := c.undo(); err != nil || mode == driver.ResetRollback {
			return err
		}
		return c.reopen(ctx)
	})
	c.flying = false
	if err != nil {
		c.broken = true
		return lost(err)
	}
	return nil
}

// undo rolls an open transaction back, whatever the context says.
func (c *conn) undo() error {
	c.tx, c.snapshot = txNone, false
	if c.raw.GetAutocommit() {
		return nil
	}
	c.watch.ctx = context.Background()
	err := c.raw.Exec("ROLLBACK")
	if c.raw.GetAutocommit() {
		return nil
	}
	return fmt.Errorf("the transaction can not be rolled back: %w", err)
}

// reopen replaces raw by a new connection.
func (c *conn) reopen(ctx context.Context) error {
	if err := c.home.enter(ctx); err != nil {
		return err
	}
	defer c.home.leave()
	if err := c.closeRaw(); err != nil {
		return err
	}
	c.finished = true
	fresh, err := c.home.open(ctx, c.role, c.maintenance)
	if err != nil {
		return err
	}
	c.finished = false
	c.adopt(fresh.raw)
	return c.raw.BusyHandler(c.busy)
}

// Close implements [driver.Conn].
func (c *conn) Close(ctx context.Context) error {
	if !c.shut.Swap(true) {
		close(c.closing)
	}
	c.finish()
	select {
	case <-c.done:
		return c.closeErr
	case <-ctx.Done():
	}
	select {
	case <-c.done:
		return c.closeErr
	default:
		// What runs is interrupted, and closes the connection when it ends.
		return canceled(ctx, nil)
	}
}

// finish closes raw unless a call runs; then that call does it when it ends.
func (c *conn) finish() {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	select {
	case <-c.done:
		return
	default:
	}
	defer close(c.done)
	c.home.gate <- struct{}{} // held for moments only, and never by us
	defer c.home.leave()
	c.home.used--
	if !c.finished {
		c.closeErr = c.discard()
	}
}

// discard closes raw. The caller holds the gate, and nobody else has the connection.
func (c *conn) discard() error {
	c.finished, c.broken = true, true
	err := c.guard(c.closeRaw)
	if err != nil {
		return c.home.failure(err, nil)
	}
	return nil
}

func (c *conn) closeRaw() error {
	c.cache.clear()
	return c.raw.Close()
}

// guard turns a panic of the engine (it is out of memory, or has met a state it can not
// go on from) into an error, after which the connection is broken.
func (c *conn) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.broken = true
			err = &driver.Error{Kind: driver.ErrConnectionLost, Message: "SQLite gave up: " + strings.TrimPrefix(fmt.Sprint(p), "sqlite3: ")}
		}
	}()
	return f()
}
