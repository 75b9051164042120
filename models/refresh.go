package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// Refresh reads the rows of objects again and gives all their fields the values there;
// changes that were not flushed are lost. Behind an object the addresses of fields of it
// may stand, of columns and of relations: then these alone are read again, and a relation
// is loaded anew.
//
//	err := s.Refresh(ctx, ada, &ada.Email, &ada.Posts)
//
// A row that is gone is [ErrNotFound], an object that is not the session's or has no row
// yet [ErrDetached]; on an error no object is changed. A row that is marked as deleted is
// read too.
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

// refreshing is Refresh as a chain: a flight with a SELECT per object, and one with a
// SELECT per relation.
type refreshing struct {
	u     *Unit
	objs  []any
	what  []*refreshed
	rows  []*freshRow
	op    pool.Op
	loads *loader
	state callState
	err   error
}

// refreshed is an object that is read again.
type refreshed struct {
	rec    *record
	fields []*field    // nil: all, unless there are relations
	rels   []*relation // loaded anew
	nodes  []*loadNode
	row    *freshRow // nil: only relations are asked for
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
		if c.err = c.prepare(); c.err != nil {
			return nil
		}
		if len(c.rows) == 0 {
			return c.relations()
		}
		c.state = callSent
		return &c.op
	case callSent:
		c.state = callEnded
		if c.err = c.op.Outcome(); c.err == nil {
			return c.relations()
		}
	case callLoads:
		if op := c.loads.Next(); op != nil {
			return op
		}
		c.err, c.state = c.loads.err, callEnded
	}
	return nil
}

// relations loads the relations that are asked for.
func (c *refreshing) relations() *pool.Op {
	c.state = callEnded
	l := &loader{e: c.u.e, u: c.u}
	for _, w := range c.what {
		image := w.rec.rowImage()
		if w.row != nil && w.row.into != nil {
			image = w.row.into
		}
		for _, rel := range w.rels {
			n := l.node(Loading{rel: rel, how: loadSelectIn}, nil)
			n.parents = []unsafe.Pointer{image}
			w.nodes, l.nodes = append(w.nodes, n), append(l.nodes, n)
		}
	}
	if len(l.nodes) == 0 {
		return nil
	}
	c.loads, c.state = l, callLoads
	l.level = l.ready(l.nodes)
	return c.Next()
}

// prepare finds out what is asked for.
func (c *refreshing) prepare() error {
	if err := c.u.ready(); err != nil {
		return err
	}
	var last *refreshed
	for _, x := range c.objs {
		if last != nil {
			if is, err := last.part(x); is || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		t, obj, err := c.u.object("Refresh", x)
		if err != nil {
			return err
		}
		r := c.u.recordOf(t, obj)
		if r == nil || r.state != persistent && r.state != deleting {
			return fmt.Errorf("%w: Refresh: this %s has no row in it", ErrDetached, t.facts.Model)
		}
		last = &refreshed{rec: r}
		c.what = append(c.what, last)
	}
	for _, w := range c.what {
		if w.fields == nil && w.rels != nil {
			continue
		}
		key, err := w.rec.keyValues()
		if err != nil {
			return err
		}
		w.row = &freshRow{rec: w.rec}
		c.rows = append(c.rows, w.row)
		c.op.Statements = append(c.op.Statements, driver.Statement{SQL: w.rec.t.rereads[c.u.e.dialect], Args: key, Class: driver.Read, Sink: w.row})
	}
	return nil
}

// part takes the address of a field of the object in.
func (w *refreshed) part(x any) (bool, error) {
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return false, nil
	}
	t, p, typ := w.rec.t, v.UnsafePointer(), v.Type().Elem()
	for _, f := range t.fields {
		if f.typ == typ && f.at(w.rec.obj) == p {
			w.fields = append(w.fields, f)
			return true, nil
		}
	}
	for _, rel := range t.relations {
		if rel.typ == typ && unsafe.Pointer(rel.words(w.rec.obj)) == p {
			w.rels = append(w.rels, rel)
			return true, rel.ready()
		}
	}
	return false, nil
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
	if c.loads != nil && c.loads.flown {
		c.u.sent(&c.loads.op)
	}
	for _, w := range c.what {
		switch {
		case w.row == nil:
		case w.fields != nil:
			w.rec.refreshOnly(w.fields, w.row.into)
		default:
			w.rec.refresh(w.row.into, true, nil)
			w.rec.epoch = c.u.epoch
		}
		if w.row != nil {
			c.u.arrive(w.rec.t, w.rec.obj)
		}
		for i, rel := range w.rels {
			words := rel.words(w.rec.obj)
			words.changes = nil
			words.store(nil)
			w.nodes[i].finish([]unsafe.Pointer{w.rec.obj})
		}
	}
	return z, nil
}

// Expire has the rows of objects read again when they are next asked for, and their
// relations loaded again; without objects, those of all that the session knows. Fields keep
// their values until then, and changes that were not flushed are kept.
func (s *Session) Expire(objs ...any) { s.mark(func() { s.unit.Expire(objs...) }) }

// Expire is [Session.Expire].
func (u *Unit) Expire(objs ...any) {
	if len(objs) == 0 {
		u.expire()
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
			for _, rel := range t.relations {
				rel.forget(r.obj)
			}
		}
	}
}
