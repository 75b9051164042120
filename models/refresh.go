package models

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// Refresh reads the rows of objects again and gives all their fields the values there;
// changes that were not flushed are lost. A row that is gone is [ErrNotFound], an object
// that is not the session's or has no row yet [ErrDetached]; on an error no object is
// changed.
func (s *Session) Refresh(ctx context.Context, objs ...any) error {
	return s.do(ctx, func(u *Unit) link.Chain[struct{}] { return u.Refresh(objs...) })
}

// Refresh compiles [Session.Refresh].
func (u *Unit) Refresh(objs ...any) link.Chain[struct{}] {
	return withLate[struct{}](&refreshing{u: u, objs: objs}, true)
}

func (c *refreshing) spoil(err error) {
	if c.err == nil {
		c.err = err
	}
}

// refreshing is Refresh as a chain: one flight with a SELECT per object.
type refreshing struct {
	u     *Unit
	objs  []any
	rows  []*freshRow
	op    pool.Op
	state callState
	err   error
}

// freshRow is the row of one object, read into fresh memory.
type freshRow struct {
	rec  *record
	into unsafe.Pointer // nil: no row came
}

// Begin implements driver.Sink.
func (f *freshRow) Begin([]driver.Column) error { f.into = nil; return nil }

// Row implements driver.Sink.
func (f *freshRow) Row(r driver.Row) error {
	obj := f.rec.t.new()
	for i, fd := range f.rec.t.fields {
		if err := fd.decode(r, i, fd.at(obj)); err != nil {
			return fmt.Errorf("models: %s: %w", fd.path, err)
		}
	}
	f.into = obj
	return nil
}

// Next implements link.Chain.
func (c *refreshing) Next() *pool.Op {
	switch c.state {
	case callNew:
		c.state = callEnded
		if c.err = c.prepare(); c.err != nil || len(c.rows) == 0 {
			return nil
		}
		c.state = callSent
		return &c.op
	case callSent:
		c.state = callEnded
		c.err = c.op.Outcome()
	}
	return nil
}

func (c *refreshing) prepare() error {
	if err := c.u.ready(); err != nil {
		return err
	}
	for _, x := range c.objs {
		t, obj, err := c.u.object("Refresh", x)
		if err != nil {
			return err
		}
		r := c.u.recordOf(t, obj)
		if r == nil || r.state != persistent && r.state != deleting {
			return fmt.Errorf("%w: Refresh: this %s has no row in it", ErrDetached, t.facts.Model)
		}
		key, err := r.keyValues()
		if err != nil {
			return err
		}
		row := &freshRow{rec: r}
		c.rows = append(c.rows, row)
		c.op.Statements = append(c.op.Statements, driver.Statement{SQL: t.rereads[c.u.e.dialect], Args: key, Class: driver.Read, Sink: row})
	}
	return nil
}

// Result implements link.Chain; a session's chain ends with Finish.
func (c *refreshing) Result() (z struct{}, err error) {
	return z, errors.New("models: Refresh ends with Finish")
}

// Finish implements link.Finisher.
func (c *refreshing) Finish() (z struct{}, err error) {
	if c.op.Statements != nil {
		c.u.sent(&c.op)
	}
	if c.err != nil {
		return z, c.err
	}
	for _, row := range c.rows {
		if row.into == nil {
			return z, fmt.Errorf("%w: Refresh: the row of this %s is gone", ErrNotFound, row.rec.t.facts.Model)
		}
	}
	for _, row := range c.rows {
		row.rec.refresh(row.into, true)
		row.rec.epoch = c.u.epoch
	}
	return z, nil
}

// Expire has the rows of objects read again when they are next asked for; without
// objects, those of all that the session knows. Fields keep their values until then, and
// changes that were not flushed are kept.
func (s *Session) Expire(objs ...any) { s.mark(func() { s.unit.Expire(objs...) }) }

// Expire is [Session.Expire].
func (u *Unit) Expire(objs ...any) {
	if len(objs) == 0 {
		u.epoch++
	}
	for _, x := range objs {
		t, obj, err := u.object("Expire", x)
		if err != nil {
			if u.bad == nil {
				u.bad = err
			}
			continue
		}
		if r := u.recordOf(t, obj); r != nil {
			r.epoch = 0 // no session's
		}
	}
}
