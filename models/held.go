package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// held is an [Each] that keeps a connection: for a cursor on Postgres, for offsets within
// one snapshot on SQLite.
type held struct {
	why    error // why it is not read by key
	lease  *pool.Lease
	cursor string // in a session's transaction; empty: the lease is our own
	read   int    // rows so far
}

// hold reads the next n rows.
func (s *stream) hold(ctx context.Context, n int) (rowRange, error) {
	w := s.way
	if w.lease == nil && w.cursor == "" {
		rows, inside, err := s.within(ctx, n)
		if inside || err != nil {
			return rows, err
		}
		return s.alone(ctx, n)
	}
	if w.cursor != "" {
		return s.fetch(ctx, n)
	}
	t, err := s.h.enter(ctx)
	if err != nil {
		return rowRange{}, err
	}
	defer s.h.leave()
	sink := s.q.rows.sink(n, t.unit() != nil)
	op := &pool.Op{Role: driver.Reader}
	if t.engine().dialect == dialect.SQLite {
		st, err := s.offset(n)
		if err != nil {
			return rowRange{}, err
		}
		op.Statements = []driver.Statement{st}
	} else {
		op.Statements = []driver.Statement{fetchStatement("spillway_each", n)}
	}
	op.Statements[0].Sink = sink
	_ = w.lease.Do(ctx, op)
	return s.took(t, sink, op)
}

// took returns the rows of an operation that read a chunk.
func (s *stream) took(t Target, sink rowSink, op *pool.Op) (rowRange, error) {
	if err := op.Outcome(); err != nil {
		return rowRange{}, err
	}
	if u := t.unit(); u != nil {
		sink.attach(u)
	}
	sink.gather(t.engine())
	rows := sink.result()
	s.way.read += rows.n
	return rows, nil
}

// alone takes a connection for the stream and reads the first chunk.
func (s *stream) alone(ctx context.Context, n int) (rowRange, error) {
	t, err := s.h.enter(ctx)
	if err != nil {
		return rowRange{}, err
	}
	defer s.h.leave()
	e := t.engine()
	op := &pool.Op{Role: driver.Reader, Take: pool.NewLease("Each")}
	op.Take.ReadOnly = true
	sink := s.q.rows.sink(n, t.unit() != nil)
	if e.dialect == dialect.SQLite {
		st, err := s.offset(n)
		if err != nil {
			return rowRange{}, err
		}
		op.Statements = []driver.Statement{{SQL: "BEGIN", Class: driver.Begin}, st}
	} else {
		st, err := s.declare(e.dialect, "spillway_each")
		if err != nil {
			return rowRange{}, err
		}
		op.Statements = []driver.Statement{
			{SQL: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", Class: driver.Begin}, st, fetchStatement("spillway_each", n),
		}
	}
	op.Statements[len(op.Statements)-1].Sink = sink
	_ = e.connections.Do(ctx, op)
	s.way.lease = op.Take
	return s.took(t, sink, op)
}

// within opens a cursor in the transaction of a session, if that has one, and reads the
// first chunk.
func (s *stream) within(ctx context.Context, n int) (rows rowRange, inside bool, err error) {
	_, err = perform(ctx, s.h, func(t Target) steps {
		sink := s.q.rows.sink(n, true)
		c := &call{frame: frame{tables: s.q.tables}}
		c.verb = inquiry{func(c *call) (bool, error) {
			switch {
			case c.u == nil && s.q.sel.Lock != dialect.NoLock:
				return false, errLockAlone
			case s.q.sel.Lock != dialect.NoLock:
				return false, fmt.Errorf("models: Each with a lock goes by key only, and this query can not: %w", s.way.why)
			case c.u == nil || c.u.lease == nil:
				return true, nil
			case c.e.dialect == dialect.SQLite:
				return false, fmt.Errorf("models: Each: %w; on sqlite such a query can not be read in chunks in a session that has a transaction: use the database handle, or All", s.way.why)
			}
			inside = true
			c.u.points++
			s.way.cursor = "spillway_each_" + strconv.Itoa(c.u.points)
			st, err := s.declare(c.e.dialect, s.way.cursor)
			*c.st = st
			fetch := fetchStatement(s.way.cursor, n)
			fetch.Sink = sink
			c.beside = []driver.Statement{fetch}
			return false, err
		}, func(c *call) (_ unsafe.Pointer, err error) {
			if inside {
				rows, err = s.took(t, sink, &c.op)
			}
			return nil, err
		}}
		return c.on(t)
	})
	return rows, inside, err
}

// fetch reads from the cursor in a session's transaction.
func (s *stream) fetch(ctx context.Context, n int) (rows rowRange, err error) {
	_, err = perform(ctx, s.h, func(t Target) steps {
		sink := s.q.rows.sink(n, true)
		c := &call{frame: frame{tables: []*table{}}}
		c.verb = inquiry{func(c *call) (bool, error) {
			if c.u.lease == nil {
				return false, errors.New("models: Each: the session's transaction ended inside the loop, and the cursor with it; commit behind the loop, or order by columns of the table")
			}
			*c.st = fetchStatement(s.way.cursor, n)
			c.st.Sink = sink
			return false, nil
		}, func(c *call) (_ unsafe.Pointer, err error) {
			rows, err = s.took(t, sink, &c.op)
			return nil, err
		}}
		return c.on(t)
	})
	return rows, err
}

// close ends the cursor, or gives the connection back.
func (w *held) close(ctx context.Context, h Handle) {
	if w.lease != nil {
		w.lease.Release()
	}
	if w.cursor == "" {
		return
	}
	_, _ = perform(context.WithoutCancel(ctx), h, func(t Target) steps {
		c := &call{frame: frame{tables: []*table{}}}
		c.verb = inquiry{func(c *call) (bool, error) {
			if c.u.lease == nil || c.u.lease.Status() != driver.InTx {
				return true, nil // gone with its transaction
			}
			*c.st = driver.Statement{SQL: "CLOSE " + w.cursor, Class: driver.Raw}
			return false, nil
		}, func(*call) (unsafe.Pointer, error) { return nil, nil }}
		return c.on(t)
	})
}

// text writes the query.
func (s *stream) text(d dialect.Dialect) (driver.Statement, error) {
	if s.q.kind == rawQuery {
		st, err := s.q.raw.statement(d)
		st.SQL = strings.TrimRight(st.SQL, " \t\r\n;")
		return st, err
	}
	return s.q.statement(d, writeQuery)
}

// declare opens a cursor.
func (s *stream) declare(d dialect.Dialect, name string) (driver.Statement, error) {
	st, err := s.text(d)
	st.SQL = "DECLARE " + name + " NO SCROLL CURSOR FOR " + st.SQL
	st.Class = driver.Raw
	return st, err
}

func fetchStatement(cursor string, n int) driver.Statement {
	return driver.Statement{SQL: "FETCH FORWARD " + strconv.Itoa(n) + " FROM " + cursor, Class: driver.Raw}
}

// offset reads n rows behind those read so far, from SQLite.
func (s *stream) offset(n int) (driver.Statement, error) {
	st, err := s.text(dialect.SQLite)
	st.Class = driver.Read
	st.Args = append(st.Args[:len(st.Args):len(st.Args)], driver.Int64(int64(s.way.read)))
	st.SQL = "SELECT * FROM (" + st.SQL + "\n) LIMIT " + strconv.Itoa(n) + " OFFSET ?" + strconv.Itoa(len(st.Args))
	return st, err
}
