package models

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// bulkRows is how many objects [BulkInsert] sends at a time.
const bulkRows = 4096

// BulkInsert inserts any number of objects and returns how many they were: by COPY on
// Postgres, by statements of many rows on SQLite. All are inserted, or none. Rows are
// taken from the sequence and sent a few thousand at a time, so memory stays small
// however many there are:
//
//	n, err := models.BulkInsert(ctx, db, slices.Values(users))
//
// The objects are read and left as they are: keys that the database makes, defaults and
// the times of created and updated are in the rows, but are not filled in, and the objects
// do not become part of a session. (For that see [Insert] and [Session.Add].) Everything
// else is as with [Insert]: a nil pointer gets its default, a zero key is made by the
// database. The rows come in the order of the sequence.
//
// On the database itself BulkInsert has a transaction of its own. In a session it flushes
// and is a part of the session's transaction that can fail by itself, as with
// [Session.Nested]: inside of the sequence the session itself is busy. It blocks; there is
// no future of it.
func BulkInsert[T any](ctx context.Context, h Handle, rows iter.Seq[*T]) (int64, error) {
	return BulkInsertFrom(ctx, h, func(yield func(*T, error) bool) {
		for x := range rows {
			if !yield(x, nil) {
				return
			}
		}
	})
}

// BulkInsertFrom is [BulkInsert] of a sequence that may fail, such as rows read from a
// file. Its first error ends it; nothing is inserted then, and the error is returned.
func BulkInsertFrom[T any](ctx context.Context, h Handle, rows iter.Seq2[*T, error]) (n int64, err error) {
	type nester interface {
		Nested(ctx context.Context, fn func(ctx context.Context, inner *Session) error) error
	}
	part := func(ctx context.Context, inner *Session) (err error) {
		n, err = bulkInsert(ctx, inner, rows)
		return err
	}
	if s, ok := h.(nester); ok {
		if err = s.Nested(ctx, part); err != nil {
			return 0, err
		}
		return n, nil
	}
	t, err := h.enter(ctx)
	if err != nil {
		return 0, err
	}
	h.leave()
	s := NewSession(t.engine(), "BulkInsert")
	defer s.Close()
	if err = s.Nested(ctx, part); err == nil {
		err = s.Commit(ctx)
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// bulkInsert sends the rows in a session whose transaction is open.
func bulkInsert[T any](ctx context.Context, s *Session, rows iter.Seq2[*T, error]) (n int64, err error) {
	t, err := s.unit.e.registry.table(reflect.TypeFor[T]())
	if err == nil {
		err = t.keyed()
	}
	if err != nil {
		return 0, err
	}
	proto := reflect.ValueOf(t.proto).UnsafePointer()
	now := clock()
	var objs []unsafe.Pointer
	send := func() error {
		for len(objs) > 0 && err == nil {
			var some int
			if some, err = valueAt[int](perform(ctx, s, func(target Target) steps { return askBulk(target, t, objs, now) })); err == nil {
				n, objs = n+int64(some), objs[some:]
			}
		}
		return err
	}
	for x, failed := range rows {
		switch {
		case failed != nil:
			return 0, failed
		case x == nil:
			return 0, fmt.Errorf("models: BulkInsert of a nil *%s", t.typ)
		case unsafe.Pointer(x) == proto:
			return 0, fmt.Errorf("models: BulkInsert of the prototype of %s: it names columns and is no object", t.facts.Model)
		}
		if objs = append(objs, unsafe.Pointer(x)); len(objs) == bulkRows {
			if send() != nil {
				return 0, err
			}
		}
	}
	return n, send()
}

// askBulk inserts those objects in front of objs that leave the same columns to the
// database, and answers how many they were.
func askBulk(t Target, tab *table, objs []unsafe.Pointer, now time.Time) steps {
	mask, n := tab.left(objs[0]), 1
	for n < len(objs) && tab.left(objs[n]) == mask {
		n++
	}
	c := &call{frame: frame{tables: []*table{}}}
	c.verb = inquiry{func(c *call) (bool, error) {
		write, _ := tab.split(mask)
		if len(write) > 0 && c.e.connections.Features().Copy {
			st, err := tab.copyStatement(write, objs[:n], now)
			*c.st = st
			return false, err
		}
		sts, err := tab.insertStatements(c.e.dialect, write, mask, objs[:n], now)
		if err == nil {
			*c.st, c.beside = sts[0], sts[1:]
		}
		return false, err
	}, func(c *call) (unsafe.Pointer, error) {
		var got int64 // the transaction was open before
		for i := range c.op.Statements {
			got += c.op.Statements[i].Affected
		}
		if got != int64(n) {
			return nil, fmt.Errorf("models: insert into %s: %d rows were sent, %d arrived (does a trigger or rule take them?)", tab.facts.Name, n, got)
		}
		return unsafe.Pointer(&n), nil
	}}
	return c.on(t)
}

// copyStatement copies objects into the table.
func (t *table) copyStatement(write []*field, objs []unsafe.Pointer, now time.Time) (driver.Statement, error) {
	k := &driver.Copy{Table: t.facts.Name, Columns: columnNames(write), Rows: make([][]driver.Value, len(objs))}
	all := make([]driver.Value, 0, len(write)*len(objs))
	for i, obj := range objs {
		from := len(all)
		var err error
		if all, err = t.appendRow(all, write, obj, now); err != nil {
			return driver.Statement{}, err
		}
		k.Rows[i] = all[from:len(all):len(all)]
	}
	return driver.Statement{SQL: "COPY " + dialect.Quote(k.Table) + " FROM STDIN", Class: driver.Raw, Copy: k}, nil
}

// insertStatements inserts objects without reading anything back.
func (t *table) insertStatements(d dialect.Dialect, write []*field, mask uint64, objs []unsafe.Pointer, now time.Time) (sts []driver.Statement, err error) {
	for len(objs) > 0 {
		n := 1
		for _, rows := range batchRows {
			if rows <= len(objs) && rows*len(write) <= d.MaxParams() && (len(write) > 0 || rows == 1) {
				n = rows
				break
			}
		}
		st := driver.Statement{Class: driver.Write, Args: make([]driver.Value, 0, n*len(write))}
		st.SQL = t.texts.get(shape{verb: 'b', dialect: byte(d), left: mask, rows: n}, func() string {
			return d.Insert(t.facts.Name, columnNames(write), n, nil)
		})
		for _, obj := range objs[:n] {
			if st.Args, err = t.appendRow(st.Args, write, obj, now); err != nil {
				return nil, err
			}
		}
		sts, objs = append(sts, st), objs[n:]
	}
	return sts, nil
}
