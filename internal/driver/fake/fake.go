package fake

import (
	"context"
	"sync"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Connector opens connections as its script says. Set the fields before use. Every
// function may be nil, runs on the goroutine that called the driver, and may block until
// its context ends. Safe for concurrent use as far as the functions are.
type Connector struct {
	// Inner carries out what the script does not; nil: every statement succeeds and
	// returns no rows.
	Inner driver.Connector
	// Traits are the features without an Inner. Name defaults to "fake".
	Traits driver.Features
	// OnConnect runs before a connection is made; n counts attempts from 1. An error
	// fails the attempt.
	OnConnect func(ctx context.Context, role driver.Role, n int) error
	// OnFly runs before a flight. With handled set the flight is not carried out: the
	// function has filled in the answers, and err is what Fly returns. An error breaks
	// the connection.
	OnFly func(ctx context.Context, c *Conn, f *driver.Flight) (handled bool, err error)
	// AfterFly runs after a flight was carried out; an error breaks the connection, as if
	// it was lost after the server did its work.
	AfterFly func(ctx context.Context, c *Conn, f *driver.Flight) error
	// OnGroup runs before a group is opened, and OnCommit before it is committed; an error
	// is the answer, and nothing is open then.
	OnGroup  func(ctx context.Context, c *Conn) error
	OnCommit func(c *Conn) error
	// OnPing, OnReset and OnClose run first; an error is the answer of Ping and Reset,
	// and breaks the connection.
	OnPing, OnReset, OnClose func(ctx context.Context, c *Conn) error

	mu                              sync.Mutex
	attempts, open, opened, maxOpen int
}

// Conn is one scripted connection.
type Conn struct {
	// N numbers the connections of a Connector from 1. Role is what it was opened for.
	N    int
	Role driver.Role

	owner  *Connector
	inner  driver.Conn
	mu     sync.Mutex
	status driver.Status
	closed bool
}

// Connect implements driver.Connector.
func (k *Connector) Connect(ctx context.Context, role driver.Role) (driver.Conn, error) {
	k.mu.Lock()
	k.attempts++
	n := k.attempts
	k.mu.Unlock()
	if k.OnConnect != nil {
		if err := k.OnConnect(ctx, role, n); err != nil {
			return nil, err
		}
	}
	c := &Conn{Role: role, owner: k}
	if k.Inner != nil {
		inner, err := k.Inner.Connect(ctx, role)
		if err != nil {
			return nil, err
		}
		c.inner = inner
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open++
	k.opened++
	k.maxOpen = max(k.maxOpen, k.open)
	c.N = k.opened
	return c, nil
}

// Features implements driver.Connector.
func (k *Connector) Features() driver.Features {
	if k.Inner != nil {
		return k.Inner.Features()
	}
	f := k.Traits
	if f.Name == "" {
		f.Name = "fake"
	}
	return f
}

// Close implements driver.Connector.
func (k *Connector) Close() error {
	if k.Inner != nil {
		return k.Inner.Close()
	}
	return nil
}

// Open is the number of connections that are open now.
func (k *Connector) Open() int { k.mu.Lock(); defer k.mu.Unlock(); return k.open }

// Opened is the number of connections that were ever opened.
func (k *Connector) Opened() int { k.mu.Lock(); defer k.mu.Unlock(); return k.opened }

// MaxOpen is the largest number of connections that were open at once.
func (k *Connector) MaxOpen() int { k.mu.Lock(); defer k.mu.Unlock(); return k.maxOpen }

// Fly implements driver.Conn.
func (c *Conn) Fly(ctx context.Context, f *driver.Flight) error {
	if c.Status() == driver.Broken {
		return c.fail(f, Lost())
	}
	for i := range f.Statements {
		f.Statements[i].Affected, f.Statements[i].Err = 0, nil
	}
	if c.owner.OnFly != nil {
		if handled, err := c.owner.OnFly(ctx, c, f); err != nil {
			return c.fail(f, err)
		} else if handled {
			return nil
		}
	}
	if c.inner != nil {
		if err := c.inner.Fly(ctx, f); err != nil {
			return err
		}
	} else {
		c.track(f)
	}
	if c.owner.AfterFly != nil {
		if err := c.owner.AfterFly(ctx, c, f); err != nil {
			return c.fail(f, err)
		}
	}
	return nil
}

// track follows transactions by the classes of statements.
func (c *Conn) track(f *driver.Flight) {
	for i := range f.Statements {
		switch f.Statements[i].Class {
		case driver.Begin:
			c.SetStatus(driver.InTx)
		case driver.Commit, driver.Rollback:
			c.SetStatus(driver.Idle)
		}
	}
}

// fail breaks the connection; every statement carries the error.
func (c *Conn) fail(f *driver.Flight, err error) error {
	c.SetStatus(driver.Broken)
	for i := range f.Statements {
		f.Statements[i].Err = err
	}
	return err
}

// Ping implements driver.Conn.
func (c *Conn) Ping(ctx context.Context) error {
	if err := c.scripted(ctx, c.owner.OnPing); err != nil || c.inner == nil {
		return err
	}
	return c.inner.Ping(ctx)
}

// Reset implements driver.Conn.
func (c *Conn) Reset(ctx context.Context, mode driver.ResetMode) error {
	if err := c.scripted(ctx, c.owner.OnReset); err != nil {
		return err
	}
	if c.inner == nil {
		c.SetStatus(driver.Idle)
		return nil
	}
	return c.inner.Reset(ctx, mode)
}

func (c *Conn) scripted(ctx context.Context, f func(context.Context, *Conn) error) error {
	if c.Status() == driver.Broken {
		return Lost()
	}
	if f == nil {
		return nil
	}
	err := f(ctx, c)
	if err != nil {
		c.SetStatus(driver.Broken)
	}
	return err
}

// Status implements driver.Conn.
func (c *Conn) Status() driver.Status {
	c.mu.Lock()
	s := c.status
	c.mu.Unlock()
	if s == driver.Idle && c.inner != nil {
		return c.inner.Status()
	}
	return s
}

// SetStatus changes what Status answers; a Broken connection stays broken.
func (c *Conn) SetStatus(s driver.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status != driver.Broken {
		c.status = s
	}
}

// Close implements driver.Conn.
func (c *Conn) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.status = driver.Broken
	c.mu.Unlock()
	defer func() {
		c.owner.mu.Lock()
		c.owner.open--
		c.owner.mu.Unlock()
	}()
	var err error
	if c.owner.OnClose != nil {
		err = c.owner.OnClose(ctx, c)
	}
	if c.inner != nil {
		return c.inner.Close(ctx)
	}
	return err
}

// Lost is the error of a connection that went away.
func Lost() error {
	return &driver.Error{Kind: driver.ErrConnectionLost, Message: "the other side went away"}
}

// Sleep waits for d or the end of ctx, whose cause it returns as a canceled statement.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return &driver.Error{Kind: driver.ErrCanceled, Err: context.Cause(ctx)}
	}
}
