package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// want says which of its rows a query is asked for.
type want uint8

const (
	wantAll   want = iota // a slice of them
	wantFirst             // one row
	wantOne
)

// askRows are the steps of a query that is asked for its rows.
func askRows(t Target, q *query, w want) steps {
	if q.inserts() {
		return insertRows(t, q, w)
	}
	return rowsCallOf(q, w).on(t)
}

func rowsCallOf(q *query, w want) *rowsCall {
	c := rowsCalls.Get().(*rowsCall)
	c.q, c.want, c.verb = q, w, c
	c.plan()
	return c
}

// rowsCalls are rowsCalls that can be used again; see keyCalls.
var rowsCalls = sync.Pool{New: func() any { return new(rowsCall) }}

// fetch asks for rows: all of them go to all, else it returns where the one is.
func fetch(ctx context.Context, h Handle, q *query, w want, all *rowRange) (one unsafe.Pointer, err error) {
	if q.inserts() {
		one, err = perform(ctx, h, func(t Target) steps { return insertRows(t, q, w) })
		if err == nil && w == wantAll {
			*all = *(*rowRange)(one)
		}
		return one, err
	}
	r := rowsCallOf(q, w)
	if one, err = perform(ctx, h, func(t Target) steps { return r.on(t) }); err != nil {
		return nil, err // whoever left it in the middle may have left something behind
	}
	if w == wantAll {
		*all = r.rows
	}
	if r.cleared() {
		r.rowsAsked = rowsAsked{}
		rowsCalls.Put(r)
	}
	return one, nil
}

// rowsCall asks for rows.
type rowsCall struct {
	call
	rowsAsked
}

// rowsAsked is what a rowsCall knows apart from its call.
type rowsAsked struct {
	q    *query
	want want
	hint int // how many rows are expected, 0 if nobody knows
	sink rowSink
	rows rowRange
}

// plan is what can be said before there is a target.
func (r *rowsCall) plan() {
	switch r.want {
	case wantAll:
		r.hint = r.q.limit()
	case wantFirst:
		r.q, r.hint = r.q.atMost(1), 1
	case wantOne:
		r.q, r.hint = r.q.atMost(2), 2
	}
	q := r.q
	if q == nil {
		return
	}
	r.tables = q.tables
	if e, ok := q.rows.(interface{ table() *table }); ok && q.kind == selectQuery && q.err == nil {
		if r.loads = newLoader(nil, nil, e.table(), q.loads); r.loads != nil && r.tables != nil {
			r.tables = r.loads.tables(r.loads.nodes, clip(r.tables))
		}
	}
}

// prepare implements request.
func (r *rowsCall) prepare(c *call) (bool, error) {
	q := r.q
	st, err := prepareRows(c.e.dialect, q)
	if err == nil && c.u == nil && q.sel.Lock != dialect.NoLock {
		err = errLockAlone
	}
	if err != nil {
		return false, err
	}
	r.sink = q.rows.sink(r.hint, c.u != nil)
	*c.st = st
	c.st.Sink = r.sink
	c.writesByKey(q, &st)
	if c.loads == nil {
		return false, nil
	}
	objs := r.sink.(objectSink)
	c.loads.e, c.loads.u, c.found = c.e, c.u, objs
	return false, c.loads.aboard(c.st, &q.sel, q.source(), objs, objs.of())
}

// answer implements request.
func (r *rowsCall) answer(c *call) (unsafe.Pointer, error) {
	if c.u != nil {
		if f, ok := r.sink.(refresher); ok && r.q.sel.Lock != dialect.NoLock {
			f.refresh(c.u)
		}
		if objs, ok := r.sink.(objectSink); ok && r.q.populate {
			c.u.populate(objs.of(), objs.objects(), c.loads)
		}
		r.sink.attach(c.u)
	}
	r.sink.gather(c.e)
	if c.loads != nil {
		c.loads.finish(c.found.objects())
	}
	r.rows = r.sink.result()
	return r.want.of(&r.rows)
}

// of returns where the rows that are wanted are.
func (w want) of(rows *rowRange) (unsafe.Pointer, error) {
	switch {
	case w == wantAll:
		return unsafe.Pointer(rows), nil
	case rows.n == 0:
		return nil, ErrNotFound
	case w == wantOne && rows.n > 1:
		return nil, ErrMultiple
	}
	return rows.p, nil
}

// prepareRows makes the statement of a query that is asked for its rows.
func prepareRows(d dialect.Dialect, q *query) (driver.Statement, error) {
	switch {
	case q == nil:
		return driver.Statement{}, errZeroQuery
	case q.err != nil:
		return driver.Statement{}, q.err
	case q.kind == rawQuery:
		return q.raw.statement(d)
	case q.kind != selectQuery && q.returning == nil:
		return driver.Statement{}, errors.New("models: an INSERT, UPDATE or DELETE without Returning has no rows: use Exec, or add Returning")
	case q.kind != selectQuery:
		return q.execStatement(d)
	}
	return q.statement(d, writeQuery)
}

// scalarCall asks for one value by a statement that is written around a query.
type scalarCall struct {
	call
	q     *query
	name  string // of the verb
	write func(w *dialect.Writer, q *query)
	cell  cell
	rows  valueSink
}

// askScalar are the steps of a scalarCall for a value of m's type.
func askScalar(t Target, q *query, name string, c *codec, m maker, write func(w *dialect.Writer, q *query)) steps {
	s := &scalarCall{q: q, name: name, write: write, cell: cell{c: c}}
	s.verb = s
	s.rows = valueSink{maker: m, cells: unsafe.Slice(&s.cell, 1), hint: 1}
	if q != nil {
		s.tables = q.tables
	}
	return s.on(t)
}

// prepare implements request.
func (s *scalarCall) prepare(c *call) (bool, error) {
	q := s.q
	switch {
	case q == nil:
		return false, errZeroQuery
	case q.err != nil:
		return false, q.err
	}
	if err := q.only(s.name, selectQuery); err != nil {
		return false, err
	}
	st, err := q.statement(c.e.dialect, s.write)
	if err != nil {
		return false, err
	}
	*c.st = st
	c.st.Sink = &s.rows
	return false, nil
}

// answer implements request.
func (s *scalarCall) answer(*call) (unsafe.Pointer, error) {
	if s.rows.n != 1 {
		return nil, fmt.Errorf("models: %s: the database answered without a row", s.name)
	}
	return s.rows.out, nil
}
