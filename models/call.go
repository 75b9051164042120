package models

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// call is the chain of a verb that sends one statement: on the database itself a single
// operation, in a session behind the flush that it may need.
type call[T any] struct {
	op  pool.Op
	buf [2]driver.Statement // BEGIN, if the statement is the first of a transaction
	// st is the statement: what prepare makes, and after it was sent its answer.
	st *driver.Statement

	e *Engine
	u *Unit // nil on the database itself

	// prepare makes the statement, or answers done if none is needed.
	prepare func(c *call[T]) (done bool, err error)
	// finish makes the result of the answer.
	finish func(c *call[T]) (T, error)
	// tables are those the statement touches, nil for who knows which: a session with
	// autoflush sends its changes to them first.
	tables []*table
	// newOnly: of those changes only new objects matter.
	newOnly bool

	// share is what lets the statement share a flight, if the verb knows better than its
	// text.
	share pool.Share
	// beside are statements that travel behind it.
	beside []driver.Statement

	flush *flush
	// loads loads relations of the objects; nil if there are none to load. It sets out
	// from found.
	loads *loader
	found func() []unsafe.Pointer
	state callState
	err   error
}

type callState uint8

const (
	callNew callState = iota
	callFlushes
	callSent
	callLoads
	callEnded
)

// chain returns c as what it is to be driven as: a session's result is made by whoever
// runs the session.
func (c *call[T]) chain(t Target) link.Chain[T] {
	c.e, c.u = t.engine(), t.unit()
	owned := len(c.tables) == 0
	for _, tab := range c.tables {
		owned = owned || tab.owned()
	}
	if c.u != nil {
		return withLate[T](managed[T]{c}, owned)
	}
	return withLate[T](c, owned)
}

// spoil makes the call fail.
func (c *call[T]) spoil(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Next implements link.Chain.
func (c *call[T]) Next() *pool.Op {
	for {
		switch c.state {
		case callNew:
			c.state = callFlushes
			if c.u == nil {
				continue
			}
			if c.err = c.u.ready(); c.err != nil {
				c.state = callEnded
				continue
			}
			if c.u.options.Autoflush && c.u.stale(c.tables, c.newOnly) {
				c.flush = &flush{u: c.u}
			}
		case callFlushes:
			if c.flush != nil {
				if op := c.flush.Next(); op != nil {
					return op
				}
				if c.err = c.flush.err; c.err != nil {
					c.state = callEnded
					continue
				}
			}
			c.state = callSent
			c.st = &c.buf[0]
			done, err := c.prepare(c)
			if err != nil || done {
				c.err, c.state = err, callEnded
				continue
			}
			c.op.Statements = c.buf[:1]
			if c.u != nil {
				c.op.Label = c.u.options.Label
			}
			c.op.Continuation = c.flush != nil && c.flush.flown != nil
			if c.st.Class != driver.Read {
				c.op.Role = driver.Writer
				if c.u != nil && c.u.begin(&c.op) {
					c.buf[0], c.buf[1] = beginStatement(c.e.dialect), c.buf[0]
					c.op.Statements, c.st = c.buf[:2], &c.buf[1]
				}
			}
			c.shares()
			if last := len(c.op.Statements) - 1; len(c.beside) > 0 {
				c.op.Statements = append(c.op.Statements[:last+1:last+1], c.beside...)
				c.st = &c.op.Statements[last]
			}
			return &c.op
		case callSent:
			c.state = callEnded
			if c.err = c.op.Outcome(); c.err == nil && c.loads != nil {
				c.state = callLoads
				c.loads.begin(c.found())
			}
		case callLoads:
			if op := c.loads.Next(); op != nil {
				return op
			}
			c.err, c.state = c.loads.err, callEnded
		default:
			return nil
		}
	}
}

// Result implements link.Chain.
func (c *call[T]) Result() (T, error) {
	if c.err != nil {
		var zero T
		return zero, c.err
	}
	return c.finish(c)
}

// managed is a call in a session.
type managed[T any] struct{ *call[T] }

// Finish implements link.Finisher.
func (m managed[T]) Finish() (T, error) {
	c := m.call
	if c.flush != nil {
		if err := c.flush.finish(); err != nil {
			c.err = err
		}
	}
	if c.op.Statements != nil {
		c.u.sent(&c.op)
		if c.st.Class == driver.Read {
			c.u.asked(c.st.SQL)
		}
	}
	if c.loads != nil && c.loads.flown {
		c.u.sent(&c.loads.op)
	}
	c.err = c.u.behind(c.err)
	return c.Result()
}

// queryCall makes the call of a query; n is how many rows are expected, 0 if nobody knows.
func queryCall[T any](t Target, q *query, n int, finish func(rows rowRange) (T, error)) link.Chain[T] {
	if q.inserts() {
		return returnInserted(t, q, finish)
	}
	return rowsCall(q, n, finish).chain(t)
}

// rowsCall is queryCall before it is bound to a target.
func rowsCall[T any](q *query, n int, finish func(rows rowRange) (T, error)) *call[T] {
	var sink rowSink
	c := &call[T]{
		prepare: func(c *call[T]) (bool, error) {
			st, err := prepareRows(c.e.dialect, q)
			if err == nil && c.u == nil && q.sel.Lock != dialect.NoLock {
				err = errLockAlone
			}
			if err != nil {
				return false, err
			}
			sink = q.rows.sink(n, c.u != nil)
			*c.st = st
			c.st.Sink = sink
			c.writesByKey(q, &st)
			if c.loads == nil {
				return false, nil
			}
			objs := sink.(objectSink)
			c.loads.e, c.loads.u, c.found = c.e, c.u, objs.objects
			return false, c.loads.aboard(c.st, &q.sel, q.source(), objs, objs.of())
		},
		finish: func(c *call[T]) (T, error) {
			if c.u != nil {
				if f, ok := sink.(refresher); ok && q.sel.Lock != dialect.NoLock {
					f.refresh(c.u)
				}
				if objs, ok := sink.(objectSink); ok && q.populate {
					c.u.populate(objs.of(), objs.objects(), c.loads)
				}
				sink.attach(c.u)
			}
			sink.gather(c.e)
			if c.loads != nil {
				c.loads.finish(c.found())
			}
			return finish(sink.result())
		},
	}
	if q == nil {
		return c
	}
	c.tables = q.tables
	if e, ok := q.rows.(interface{ table() *table }); ok && q.kind == selectQuery && q.err == nil {
		if c.loads = newLoader(nil, nil, e.table(), q.loads); c.loads != nil && c.tables != nil {
			c.tables = c.loads.tables(c.loads.nodes, clip(c.tables))
		}
	}
	return c
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

// scalarCall makes the call of a statement that is written around a query and answers
// one value.
func scalarCall[T any](t Target, q *query, verb string, write func(w *dialect.Writer, q *query)) link.Chain[T] {
	var sink rowSink
	var zero T
	c := &call[T]{
		prepare: func(c *call[T]) (bool, error) {
			switch {
			case q == nil:
				return false, errZeroQuery
			case q.err != nil:
				return false, q.err
			}
			if err := q.only(verb, selectQuery); err != nil {
				return false, err
			}
			st, err := q.statement(c.e.dialect, write)
			if err != nil {
				return false, err
			}
			cc, err := codecOf(zero)
			if err != nil {
				return false, err
			}
			sink = values{maker: makerOf[T](), cells: []cell{{cc, 0, 0}}}.sink(1, false)
			*c.st = st
			c.st.Sink = sink
			return false, nil
		},
		finish: func(*call[T]) (T, error) {
			if got := rowsAt[T](sink.result()); len(got) == 1 {
				return got[0], nil
			}
			return zero, fmt.Errorf("models: %s: the database answered without a row", verb)
		},
	}
	if q != nil {
		c.tables = q.tables
	}
	return c.chain(t)
}
