package models

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// An Assign gives a column a value in an [Update].
type Assign struct {
	set dialect.Assign
	col *column
	err error
	sub []*table
}

// To sets a column to a value.
func To[V any](p *V, v V) Assign {
	return assignValue(unsafe.Pointer(p), reflect.TypeFor[V](), unsafe.Pointer(&v))
}

func assignValue(p unsafe.Pointer, typ reflect.Type, v unsafe.Pointer) Assign {
	col, err := columnAs(p, typ)
	if err != nil {
		return Assign{err: err}
	}
	val, err := col.c.encode(v)
	return Assign{set: dialect.Assign{Column: col.f.name, Value: dialect.Param{Value: val}}, col: col, err: err}
}

// Update changes rows of a table where they lie: Update(userT).Set(To(&userT.Active,
// false)).Where(…). [Exec] carries it out. A session's objects do not notice it before
// they are read again.
func Update[T any](proto *T) Query[*T] { return Query[*T]{q: change(proto, updateQuery, makerOf[T]())} }

// Delete deletes rows of a table where they lie: Delete(userT).Where(…). [Exec] carries
// it out.
func Delete[T any](proto *T) Query[*T] { return Query[*T]{q: change(proto, deleteQuery, makerOf[T]())} }

func change(proto any, kind queryKind, m maker) *query {
	c, err := prototypeOf(proto)
	if err == nil && len(c.t.key) == 0 {
		err = fmt.Errorf("models: %s is derived from a query and can not be changed", c.source.As)
	}
	if err == nil && c.source != c.t.source {
		err = errors.New("models: an alias can not be changed: use the prototype itself")
	}
	if err != nil {
		return &query{err: err}
	}
	q := &query{kind: kind, tables: []*table{c.t}, rows: entity{excerpt{t: c.t}, m}}
	q.sel.From = c.source
	return q
}

// Set says what an [Update] changes.
func (q Query[R]) Set(assigns ...Assign) Query[R] { return Query[R]{q: q.q.assign(assigns)} }

//go:noinline
func (q *query) assign(assigns []Assign) *query {
	return q.with(func(n *query) error {
		if err := n.only("Set", updateQuery); err != nil {
			return err
		}
		set, sub, err := assignments("Set", n.sel.From, assigns)
		n.set = append(clip(n.set), set...)
		n.reads(sub)
		return err
	})
}

// Everywhere says that an [Update] or [Delete] without a condition is meant for all
// rows. Without it such a query is an error.
func (q Query[R]) Everywhere() Query[R] { return Query[R]{q: q.q.everywhere()} }

//go:noinline
func (q *query) everywhere() *query {
	return q.with(func(n *query) error {
		n.all = true
		return n.only("Everywhere", updateQuery, deleteQuery)
	})
}

// CallExec compiles [Exec].
func CallExec[R any](t Target, q Query[R]) link.Chain[int64] { return callExec(t, q.q) }

func callExec(t Target, q *query) link.Chain[int64] { return chainOf[int64](askEffect(t, q)) }

// askEffect are the steps of a query that is carried out without reading rows.
func askEffect(t Target, q *query) steps {
	if q != nil && q.err == nil && q.kind == insertQuery {
		return insertObjects(t, q)
	}
	c := &effectCall{q: q}
	if c.verb = c; q != nil {
		c.tables = q.tables
	}
	return c.on(t)
}

type effectCall struct {
	call
	q *query
}

// prepare implements request.
func (e *effectCall) prepare(c *call) (bool, error) {
	st, err := e.q.execStatement(c.e.dialect)
	*c.st = st
	c.writesByKey(e.q, &st)
	return false, err
}

// answer implements request.
func (*effectCall) answer(c *call) (unsafe.Pointer, error) {
	return unsafe.Pointer(&c.st.Affected), nil
}

func (q *query) execStatement(d dialect.Dialect) (driver.Statement, error) {
	switch {
	case q == nil:
		return driver.Statement{}, errZeroQuery
	case q.err != nil:
		return driver.Statement{}, q.err
	case q.kind == rawQuery:
		return q.raw.statement(d)
	case q.kind == selectQuery:
		return driver.Statement{}, errors.New("models: Exec of a SELECT: use All, First, One, Count or Exists")
	case q.kind == updateQuery && len(q.set) == 0:
		return driver.Statement{}, errors.New("models: an Update without Set changes nothing")
	case q.kind != insertSelectQuery && len(q.sel.Where) == 0 && !q.all:
		return driver.Statement{}, errors.New("models: an Update or Delete without Where would hit every row: add Where, or Everywhere if that is meant")
	}
	return q.statement(d, writeQuery)
}
