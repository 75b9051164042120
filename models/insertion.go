package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// insertion is what an Insert is about.
type insertion struct {
	typ  reflect.Type
	objs []unsafe.Pointer
}

// Insert inserts many objects in few statements; [Exec] carries it out and fills in what
// the database makes, such as keys. All are inserted, or none. The objects do not become
// part of a session's unit of work; for that see [Session.Add].
func Insert[T any](rows ...*T) Query[*T] {
	return Query[*T]{q: queryInsert(reflect.TypeFor[T](), uncast(rows))}
}

func queryInsert(typ reflect.Type, objs []unsafe.Pointer) *query {
	if slices.Contains(objs, nil) {
		return &query{err: fmt.Errorf("models: Insert of a nil *%s", typ)}
	}
	// The caller may go on to use its slice.
	return &query{kind: insertQuery, insert: &insertion{typ: typ, objs: slices.Clone(objs)}, tables: []*table{}}
}

// insertCall are the steps of an Insert.
type insertCall struct {
	e  *Engine
	u  *Unit
	in *insertion
	t  *table

	conflict *dialect.Conflict
	all      bool // the objects are to be complete
	batches  []*batch
	op       *pool.Op
	first    int
	state    callState
	err      error
	count    int64 // of the rows that were inserted
}

// insertObjects are the steps of an Insert that is asked for the number of its rows.
func insertObjects(t Target, q *query) steps {
	return lately(&insertCall{e: t.engine(), u: t.unit(), in: q.insert, conflict: q.conflict, all: q.returning != nil}, true)
}

// Next implements steps.
func (c *insertCall) Next() *pool.Op {
	switch c.state {
	case callNew:
		if c.err = c.plan(); c.err != nil || len(c.batches) == 0 {
			c.state = callEnded
			return nil
		}
		c.state = callSent
		c.op = &pool.Op{Role: driver.Writer}
		begin := len(c.batches) > 1
		if c.u != nil {
			begin = c.u.begin(c.op)
		}
		if begin {
			c.op.Statements = append(c.op.Statements, beginStatement(c.e.dialect))
		}
		c.first = len(c.op.Statements)
		for _, b := range c.batches {
			c.op.Statements = append(c.op.Statements, b.st)
		}
		if begin && c.u == nil {
			c.op.Statements = append(c.op.Statements, driver.Statement{SQL: "COMMIT", Class: driver.Commit})
		}
		if c.e.shared && c.u == nil {
			sts := c.op.Statements[c.first : c.first+len(c.batches)]
			c.op.Share.Shape = c.e.shapes.inserts(sts, len(c.in.objs), func(int) *table { return c.t })
		}
		return c.op
	case callSent:
		c.state = callEnded
		c.err = c.op.Outcome()
		for i, b := range c.batches {
			if c.err == nil {
				c.err = b.check(&c.op.Statements[c.first+i])
			}
		}
	}
	return nil
}

func (c *insertCall) plan() (err error) {
	if c.u != nil {
		if err := c.u.ready(); err != nil {
			return err
		}
	}
	if c.t, err = c.e.registry.table(c.in.typ); err == nil {
		err = c.t.keyed()
	}
	if err != nil {
		return err
	}
	for _, obj := range c.in.objs {
		if obj == reflect.ValueOf(c.t.proto).UnsafePointer() {
			return fmt.Errorf("models: Insert of the prototype of %s: it names columns and is no object", c.t.facts.Model)
		}
	}
	c.batches, err = batchesOf(c.e.dialect, c.t, c.in.objs, clock(), nil, c.conflict, c.all)
	return err
}

// settles implements steps.
func (c *insertCall) settles() bool { return c.u != nil }

// value implements steps.
func (c *insertCall) value() (unsafe.Pointer, error) {
	if c.u != nil && c.op != nil {
		c.u.sent(c.op)
	}
	if c.err != nil {
		return nil, c.err
	}
	for _, b := range c.batches {
		if !b.inserted(b.sent) {
			continue
		}
		c.count += int64(len(b.objs))
		var os []origin
		if c.t.hasOrigin {
			os = make([]origin, len(b.objs))
		}
		for i, obj := range b.objs {
			b.fill(i)
			if os != nil {
				os[i] = origin{t: c.t, key: c.t.keyHash(obj)}
				c.t.bind(obj, &os[i])
			}
		}
	}
	return unsafe.Pointer(&c.count), nil
}

// CallCreate compiles [Create].
func CallCreate[T any](t Target, x *T) link.Chain[struct{}] {
	return callCreate(t, reflect.TypeFor[T](), x, unsafe.Pointer(x))
}

// callCreate is CallCreate of x, which points to obj.
func callCreate(t Target, typ reflect.Type, x any, obj unsafe.Pointer) link.Chain[struct{}] {
	if u := t.unit(); u != nil {
		return withLate[struct{}](&createManaged{x: x, flushChain: flushChain{flush{u: u}}}, true)
	}
	c := &create{c: askEffect(t, queryInsert(typ, []unsafe.Pointer{obj})), obj: obj}
	c.t, _ = t.engine().registry.table(typ) // the insert reports it
	if c.c.settles() || c.t != nil && c.t.hooks.has(afterInsert) {
		return finishing[struct{}]{c}
	}
	return c
}

// create inserts one object on the database itself, with its hooks.
type create struct {
	c     steps
	t     *table
	obj   unsafe.Pointer
	ctx   context.Context
	begun bool
	err   error
}

func (c *create) attend(ctx context.Context) { c.ctx = ctx }

func (c *create) Next() *pool.Op {
	if !c.begun {
		c.begun = true
		if c.t != nil && c.obj != nil && c.t.hooks != 0 {
			if c.ctx == nil {
				c.ctx = context.Background()
			}
			c.err = c.t.before(c.ctx, beforeInsert, c.obj)
		}
	}
	if c.err != nil {
		return nil
	}
	return c.c.Next()
}

func (c *create) Result() (z struct{}, err error) {
	if c.err != nil {
		return z, c.err
	}
	if _, err = c.c.value(); err == nil && c.t != nil && c.t.hooks.has(afterInsert) {
		err = c.t.call(c.ctx, afterInsert, c.obj)
	}
	return z, err
}

// createManaged adds the object when the session lets it in.
type createManaged struct {
	x any
	flushChain
	added bool
}

func (c *createManaged) Next() *pool.Op {
	if !c.enlist() {
		return c.f.end(c.f.err)
	}
	return c.flushChain.Next()
}

// enlist adds the object, once, and reports whether the flush can begin.
func (c *createManaged) enlist() bool {
	if c.added {
		return c.f.phase != flushEnd
	}
	c.added = true
	switch err := c.f.u.ready(); {
	case reflect.ValueOf(c.x).IsNil():
		c.f.end(errors.New("models: Create of nil"))
	case err != nil:
		c.f.end(err)
	default:
		c.f.u.Add(c.x)
		return true
	}
	return false
}

// Finish implements link.Finisher.
func (c *createManaged) Finish() (z struct{}, err error) {
	if z, err = c.flushChain.Finish(); err == nil {
		return z, nil
	}
	u := c.f.u
	if t, obj, bad := u.object("Create", c.x); bad == nil && !u.owner.closed.Load() {
		// The caller learns of the failure here; the next flush must not repeat it.
		if r := u.recordOf(t, obj); r != nil && r.state == pending {
			u.pending = remove(u.pending, r)
			r.state = transient
			u.untie(r)
		}
	}
	return z, err
}
