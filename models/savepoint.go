package models

import (
	"strconv"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// A Savepoint is a place in a unit's transaction to return to. It is for who runs a
// session.
type Savepoint struct {
	name string
	undo undoMark
}

// point makes the name of a savepoint. A name given twice would hide the first one, and
// returning to it would take too little back.
func (u *Unit) point() string {
	u.points++
	return "spillway_" + strconv.Itoa(u.points)
}

func savepointStatement(text string) driver.Statement {
	return driver.Statement{SQL: text, Class: driver.Savepoint}
}

// Save flushes and sets a savepoint, in a transaction that it opens if none is.
func (u *Unit) Save() link.Chain[*Savepoint] { return &saving{u: u, f: flush{u: u}} }

// Keep flushes and gives a savepoint up: what happened since is part of the transaction.
func (u *Unit) Keep(p *Savepoint) link.Chain[struct{}] {
	return &keeping{saving{u: u, f: flush{u: u}, p: p}}
}

// Return takes back what happened since a savepoint: rows, objects, and the loss of the
// transaction if an error since then was the reason.
func (u *Unit) Return(p *Savepoint) link.Chain[struct{}] { return &returning{u: u, p: p} }

// saving is Save as a chain: a flush, and a statement behind it.
type saving struct {
	u    *Unit
	f    flush
	p    *Savepoint // to be given up; nil: to be set
	op   pool.Op
	name string
	sent bool
	err  error
}

// Next implements link.Chain.
func (c *saving) Next() *pool.Op {
	if c.sent {
		c.err = c.op.Outcome()
		return nil
	}
	if op := c.f.Next(); op != nil {
		return op
	}
	if c.f.err != nil {
		return nil
	}
	c.sent = true
	c.op.Role, c.op.Label, c.op.Continuation = driver.Writer, c.u.options.Label, c.f.flown != nil
	switch {
	case c.p != nil:
		c.op.Statements = append(c.op.Statements, savepointStatement("RELEASE SAVEPOINT "+c.p.name))
		return &c.op
	case c.u.begin(&c.op):
		c.op.Statements = append(c.op.Statements, beginStatement(c.u.e.dialect))
	}
	c.name = c.u.point()
	c.op.Statements = append(c.op.Statements, savepointStatement("SAVEPOINT "+c.name))
	return &c.op
}

// Result implements link.Chain; a session's chain ends with Finish.
func (c *saving) Result() (*Savepoint, error) { return nil, c.err }

// Finish implements link.Finisher.
func (c *saving) Finish() (*Savepoint, error) {
	if err := c.f.finish(); err != nil {
		return nil, err
	}
	if c.sent {
		c.u.sent(&c.op)
	}
	if c.err != nil {
		return nil, c.err
	}
	return &Savepoint{c.name, undoMark{len(c.u.undo), len(c.u.relUndo)}}, nil
}

// keeping is Keep as a chain.
type keeping struct{ saving }

func (c *keeping) Result() (z struct{}, err error) { return z, c.err }

func (c *keeping) Finish() (z struct{}, err error) {
	_, err = c.saving.Finish()
	return z, err
}

// returning is Return as a chain.
type returning struct {
	u    *Unit
	p    *Savepoint
	op   pool.Op
	sent bool
	err  error
}

// Next implements link.Chain.
func (c *returning) Next() *pool.Op {
	if c.sent {
		c.err = c.op.Outcome()
		return nil
	}
	u := c.u
	if u.owner.closed.Load() || u.lease == nil || !u.lease.Held() {
		c.err = errLost
		return nil
	}
	c.sent = true
	c.op.Role, c.op.Label, c.op.Continuation = driver.Writer, u.options.Label, true
	c.op.Statements = append(c.op.Statements,
		savepointStatement("ROLLBACK TO SAVEPOINT "+c.p.name),
		savepointStatement("RELEASE SAVEPOINT "+c.p.name))
	return &c.op
}

// errLost stands for a transaction that ended while nobody looked.
var errLost error = &driver.Error{Kind: driver.ErrConnectionLost, Message: "the transaction is gone"}

// Result implements link.Chain; a session's chain ends with Finish.
func (c *returning) Result() (z struct{}, err error) { return z, c.err }

// Finish implements link.Finisher.
func (c *returning) Finish() (z struct{}, err error) {
	u := c.u
	if u.owner.closed.Load() {
		return z, ErrSessionClosed
	}
	switch {
	case c.err == nil:
		u.lost = nil
	case u.lost == nil:
		u.lost = c.err
	}
	u.takeBack(c.p.undo, false)
	return z, c.err
}
