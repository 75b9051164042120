package postgres

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway/internal/driver"
)

const (
	// CancelGrace is how long a statement may go on when its context has ended: most are
	// over by then, and asking the server to stop costs a connection.
	CancelGrace = 5 * time.Millisecond
	// DrainTimeout bounds the wait for the answers of a flight whose context has ended,
	// unless [Connector.SetDrainTimeout] says otherwise.
	DrainTimeout = time.Second
)

var errClosed = errors.New("the connection is closed")

// A Conn is one connection.
type Conn struct {
	connector *Connector
	pgx       *pgx.Conn
	pg        *pgconn.PgConn
	net       net.Conn
	front     *pgproto3.Frontend // for reading only
	// Hooks of the configuration, nil if there are none.
	notice       pgconn.NoticeHandler
	notification pgconn.NotificationHandler

	// running is held while a method uses the connection, so that Close, which another
	// goroutine may call, can tell.
	running sync.Mutex
	closing sync.Mutex
	closed  atomic.Bool

	tx      byte // of the last ReadyForQuery: I, T or E
	broken  atomic.Bool
	cache   cache
	closes  []string // names of prepared statements to close with the next flight
	wire    wire
	units   []unit
	row     row
	segment int // counts Syncs
	spare   *watch
}

var _ driver.Conn = (*Conn)(nil)

// newConn takes a connection out of pgxpool, which has no part in its life from then on.
func newConn(c *Connector, pooled *pgxpool.Conn) *Conn {
	conn := &Conn{connector: c, pgx: pooled.Hijack()}
	config := conn.pgx.Config()
	conn.notice, conn.notification = config.OnNotice, config.OnNotification
	conn.pg = conn.pgx.PgConn()
	conn.net, conn.front, conn.tx = conn.pg.Conn(), conn.pg.Frontend(), conn.pg.TxStatus()
	conn.cache.clear()
	return conn
}

// Status tells the state after the last call.
func (c *Conn) Status() driver.Status {
	switch {
	case c.broken.Load() || c.closed.Load():
		return driver.Broken
	case c.tx == 'T':
		return driver.InTx
	case c.tx == 'E':
		return driver.InFailedTx
	default:
		return driver.Idle
	}
}

// Ping makes a round trip without a statement.
func (c *Conn) Ping(ctx context.Context) error {
	if !c.running.TryLock() {
		return lostError(errClosed) // only Close runs beside the owner
	}
	defer c.running.Unlock()
	if err := c.usable(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return canceled(ctx, nil)
	}
	w := c.watch(ctx)
	err := c.empty()
	if err == nil {
		err = w.end()
	} else {
		w.stop()
	}
	if err != nil {
		return c.lose(ctx, err)
	}
	return nil
}

// empty makes a round trip with nothing but a Sync, and swallows a cancel that came too
// late for what it was meant for.
func (c *Conn) empty() error {
	c.wire.buf = c.wire.buf[:0]
	c.wire.sync()
	if _, err := c.net.Write(c.wire.buf); err != nil {
		return err
	}
	for {
		msg, err := c.front.Receive()
		if err != nil {
			return err
		}
		switch m := msg.(type) {
		case *pgproto3.ReadyForQuery:
			c.tx = m.TxStatus
			return nil
		case *pgproto3.ErrorResponse:
			if pe := pgconn.ErrorResponseToPgError(m); fatal(pe) {
				return pe
			}
		default:
			c.aside(msg)
		}
	}
}

// Reset ends an open transaction; ResetFull also discards what the session keeps.
func (c *Conn) Reset(ctx context.Context, mode driver.ResetMode) error {
	var f driver.Flight
	if c.Status() == driver.InTx || c.Status() == driver.InFailedTx {
		f.Statements = append(f.Statements, driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback})
	}
	if mode == driver.ResetFull {
		f.Statements = append(f.Statements, driver.Statement{SQL: "DISCARD ALL", Class: driver.Schema})
	}
	if err := c.Fly(ctx, &f); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	if s := c.Status(); s != driver.Idle {
		return &driver.Error{Kind: driver.ErrDatabase, Message: "after the reset the connection is " + s.String()}
	}
	return nil
}

// usable returns an error if the connection is lost.
func (c *Conn) usable() error {
	if c.closed.Load() || c.broken.Load() {
		return lostError(errClosed)
	}
	return nil
}

// lose marks the connection as broken and returns what to tell.
func (c *Conn) lose(ctx context.Context, native error) *driver.Error {
	c.broken.Store(true)
	_ = c.net.Close() // nothing that goes on in the background may be left
	if c.closed.Load() {
		native = errClosed
	}
	e := lostError(native)
	if ctx.Err() != nil && !c.closed.Load() {
		e.Err = &doubt{context.Cause(ctx), native}
		e.Message = context.Cause(ctx).Error() + ", and no answer within " + c.connector.drain().String()
	}
	return e
}

// Close closes the connection. A flight that is under way is stopped first, as long as
// ctx lasts, and then cut off.
func (c *Conn) Close(ctx context.Context) error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed.Swap(true) {
		return nil
	}
	if !c.running.TryLock() {
		// Without the request the server would go on until it next writes to us.
		stop, cancel := context.WithTimeout(ctx, c.connector.drain())
		_ = c.pg.CancelRequest(stop)
		cancel()
		_ = c.net.Close()
		c.running.Lock() // the flight ends at once, its socket is gone
	}
	defer c.running.Unlock()
	if c.broken.Load() {
		_ = c.net.Close()
	}
	if f := c.connector.beforeClose; f != nil {
		f(c.pgx)
	}
	_ = c.pgx.Close(ctx) // an error says that the other side is gone already
	return nil
}

// aside handles messages that belong to no statement.
func (c *Conn) aside(msg pgproto3.BackendMessage) {
	switch m := msg.(type) {
	case *pgproto3.NoticeResponse:
		if c.notice != nil {
			c.notice(c.pg, (*pgconn.Notice)(pgconn.ErrorResponseToPgError((*pgproto3.ErrorResponse)(m))))
		}
	case *pgproto3.NotificationResponse:
		if c.notification != nil {
			c.notification(c.pg, &pgconn.Notification{PID: m.PID, Channel: m.Channel, Payload: m.Payload})
		}
	}
}
