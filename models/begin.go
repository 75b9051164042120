package models

import (
	"context"
	"errors"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// Begin opens the session's transaction now, with options, rather than with its first
// write: for an isolation level, or for reads that belong together. It ends with Commit
// or Rollback; what follows is as in a new session. With a transaction open already it is
// an error: end that first, or use [Session.Nested].
func (s *Session) Begin(ctx context.Context, o TxOptions) error {
	return s.do(ctx, func(u *Unit) link.Chain[struct{}] { return u.Begin(o) })
}

// Begin compiles [Session.Begin].
func (u *Unit) Begin(o TxOptions) link.Chain[struct{}] { return &beginning{u: u, o: o} }

var errBegun = errors.New("models: Begin: a transaction is open already: end it with Commit or Rollback, or use Nested")

// beginning is Begin as a chain.
type beginning struct {
	u    *Unit
	o    TxOptions
	op   pool.Op
	sent bool
	err  error
}

// Next implements link.Chain.
func (c *beginning) Next() *pool.Op {
	u := c.u
	if c.sent {
		c.err = c.op.Outcome()
		return nil
	}
	if c.err = u.ready(); c.err == nil {
		c.err = c.o.check()
	}
	if c.err == nil && u.lease != nil {
		c.err = errBegun
	}
	if c.err != nil {
		return nil
	}
	c.sent = true
	u.begin(&c.op)
	u.lease.ReadOnly = c.o.ReadOnly
	c.op.Role, c.op.Label = c.o.role(), u.options.Label
	c.op.Statements = append(c.op.Statements, c.o.statement(u.e.dialect))
	return &c.op
}

// Result implements link.Chain; a session's chain ends with Finish.
func (c *beginning) Result() (z struct{}, err error) { return z, c.err }

// Finish implements link.Finisher.
func (c *beginning) Finish() (z struct{}, err error) {
	if c.sent {
		c.u.sent(&c.op)
	}
	return z, c.err
}
