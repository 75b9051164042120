package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Fly implements [driver.Conn].
func (c *conn) Fly(ctx context.Context, f *driver.Flight) error {
	for i := range f.Statements {
		f.Statements[i].Affected, f.Statements[i].Err = 0, nil
	}
	if err := c.enter(ctx); err != nil {
		return answerAll(f.Statements, err)
	}
	defer c.leave()
	if ctx.Err() != nil {
		c.flying = false
		_ = answerAll(f.Statements, canceled(ctx, nil)) // nothing has begun
		return nil
	}
	for i := range f.Statements {
		if f.Statements[i].Copy != nil {
			c.flying = false
			_ = answerAll(f.Statements, &driver.Error{Kind: driver.ErrSyntax, Message: "sqlite has no COPY", Hint: "insert the rows"})
			return nil
		}
	}
	refused := false // a BEGIN of this flight failed: what follows belongs to it
	for i := range f.Statements {
		s := &f.Statements[i]
		c.watch.ctx = ctx
		if err := c.guard(func() error { c.answer(ctx, s, &refused); return nil }); err != nil {
			return answerAll(f.Statements[i:], err)
		}
		if c.broken {
			return answerAll(f.Statements[i+1:], lost(s.Err))
		}
	}
	c.flying = false
	if c.shut.Load() {
		return lost(nil) // what was answered keeps its answer
	}
	return nil
}

// answerAll gives every statement the same error, and returns it.
func answerAll(statements []driver.Statement, err error) error {
	for i := range statements {
		statements[i].Err = err
	}
	return err
}

// answer carries out one statement and keeps account of the transaction.
func (c *conn) answer(ctx context.Context, s *driver.Statement, refused *bool) {
	switch s.Class {
	case driver.Rollback:
		*refused = false
		c.rollback(ctx, s)
		return
	case driver.Commit:
		c.commit(ctx, s, *refused)
		*refused = false
		return
	case driver.Savepoint:
		if c.tx == txFailed && isReturn(s.SQL) {
			if s.Err = c.run(ctx, s); s.Err == nil {
				c.tx = txOpen
			}
			c.look()
			return
		}
		if c.tx == txNone && !*refused {
			s.Err = &driver.Error{Kind: driver.ErrDatabase, Message: "a savepoint needs a transaction", Hint: "send BEGIN first"}
			return
		}
	}
	if *refused || c.tx > txOpen {
		s.Err = aborted()
		return
	}
	before := c.tx
	err := c.run(ctx, s)
	if err == nil {
		c.tx = txNone
		if c.inTx() {
			c.tx = txOpen
		}
		return
	}
	s.Err = err
	if before == txNone {
		*refused = s.Class == driver.Begin
		if c.inTx() {
			c.tx = txFailed
		}
		return
	}
	c.tx = txFailed
	c.look()
}

// inTx reports whether a transaction of the owner is open.
func (c *conn) inTx() bool { return !c.snapshot && !c.raw.GetAutocommit() }

// look sees whether SQLite has rolled a failed transaction back by itself.
func (c *conn) look() {
	if c.tx != txNone && c.raw.GetAutocommit() {
		c.tx = txGone
	}
}

// isReturn reports whether a statement of class Savepoint returns to one.
func isReturn(sql string) bool {
	const word = "rollback"
	sql = strings.TrimSpace(sql)
	return len(sql) > len(word) && strings.EqualFold(sql[:len(word)], word)
}

// rollback ends the transaction. It is not stopped by ctx.
func (c *conn) rollback(ctx context.Context, s *driver.Statement) {
	if c.tx == txNone || c.tx == txGone {
		c.tx = txNone
		return
	}
	c.watch.ctx = context.Background()
	s.Err = c.run(ctx, s)
	if err := c.undo(); err != nil {
		c.broken = true
		s.Err = lost(err)
	}
}

// commit ends the transaction in any case.
func (c *conn) commit(ctx context.Context, s *driver.Statement, refused bool) {
	if refused && c.tx == txNone {
		s.Err = aborted()
		return
	}
	if c.tx > txOpen {
		s.Err = aborted()
	} else {
		s.Err = c.run(ctx, s)
	}
	if s.Err == nil && !c.raw.GetAutocommit() {
		s.Err = &driver.Error{
			Kind: driver.ErrSyntax, Message: "a statement of class commit left the transaction open",
		}
	}
	if err := c.undo(); err != nil {
		c.broken = true
		s.Err = lost(err)
	}
}

// run carries out one statement.
func (c *conn) run(ctx context.Context, s *driver.Statement) error {
	if c.watch.Err() != nil {
		return c.failed(ctx, sqlite3.INTERRUPT, s)
	}
	if s.Class == driver.Schema {
		return c.runSchema(ctx, s)
	}
	p, kept, err := c.statement(s.SQL)
	if err != nil {
		return c.failed(ctx, err, s)
	}
	err = c.execute(ctx, p, s)
	if !kept {
		_ = p.stmt.Close() // repeats the error of the last step
	}
	return err
}

// execute binds the arguments, steps through the result and resets the statement.
func (c *conn) execute(ctx context.Context, p *prepared, s *driver.Statement) error {
	if len(s.Args) != p.binds {
		return &driver.Error{Kind: driver.ErrValue, Message: fmt.Sprintf("the statement takes %d arguments, got %d", p.binds, len(s.Args))}
	}
	if p.binds > 0 {
		defer p.stmt.ClearBindings()
		for i := range s.Args {
			if err := bind(p.stmt, i+1, &s.Args[i]); err != nil {
				return c.failed(ctx, err, s)
			}
		}
	}
	var total int64
	if !p.readOnly {
		total = c.raw.TotalChanges()
	}
	var rows int64
	var sinkErr error
	if len(p.columns) == 0 {
		if err := p.stmt.Exec(); err != nil {
			return c.failed(ctx, err, s)
		}
		if s.Sink != nil {
			sinkErr = begin(s.Sink, nil)
		}
	} else {
		var err error
		rows, sinkErr, err = c.fetch(p, s.Sink)
		resetErr := p.stmt.Reset()
		if err == nil {
			err = resetErr
		}
		if err != nil {
			return c.failed(ctx, err, s)
		}
	}
	switch {
	case p.readOnly:
		s.Affected = rows
	case c.raw.TotalChanges() != total:
		s.Affected = c.raw.Changes()
	}
	s.Err = sinkErr
	return nil
}

// fetch hands the rows to sink. sinkErr is the sink's own error, err SQLite's.
func (c *conn) fetch(p *prepared, sink driver.Sink) (rows int64, sinkErr, err error) {
	more := p.stmt.Step()
	if err := p.stmt.Err(); err != nil {
		return 0, nil, err
	}
	p.refresh()
	if !p.readOnly {
		// The first step has made all changes (https://www.sqlite.org/lang_returning.html).
		// To stop between the rows would commit them and say that it did not.
		c.watch.ctx = context.Background()
	}
	if sink != nil {
		sinkErr = begin(sink, p.columns)
	}
	if more && sink != nil && sinkErr == nil {
		c.row.p = p
		rows, sinkErr = c.pump(sink)
		if sinkErr == nil {
			return rows, nil, p.stmt.Err()
		}
		more = p.readOnly || p.stmt.Step()
	}
	if sinkErr != nil && p.readOnly {
		return rows, sinkErr, nil // the reset drops the rest
	}
	for more {
		rows++
		more = p.stmt.Step()
	}
	return rows, sinkErr, p.stmt.Err()
}

// pump hands over rows until there are no more or the sink fails.
func (c *conn) pump(sink driver.Sink) (rows int64, err error) {
	inSink := false
	defer func() {
		if !inSink {
			return
		}
		if p := recover(); p != nil {
			err = sinkPanic(p)
		}
	}()
	stmt := c.row.p.stmt
	for {
		rows++
		inSink = true
		if err = sink.Row(&c.row); err != nil {
			inSink = false
			return rows, err
		}
		inSink = false
		if !stmt.Step() {
			return rows, nil
		}
	}
}

// begin announces the columns to the sink.
func begin(sink driver.Sink, columns []driver.Column) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = sinkPanic(p)
		}
	}()
	return sink.Begin(columns)
}

// runSchema carries out a text of one or more statements. Several succeed or fail
// together, as they do when Postgres gets them in one text.
func (c *conn) runSchema(ctx context.Context, s *driver.Statement) error {
	p, tail, err := c.prepare(s.SQL, 0)
	if err != nil {
		return c.failed(ctx, err, s)
	}
	more, _ := c.another(tail) // a mistake in it shows when its turn comes
	if !more {
		err = c.execute(ctx, p, s)
		_ = p.stmt.Close() // repeats the error of the last step
		return err
	}
	if len(s.Args) > 0 {
		_ = p.stmt.Close() // never stepped: no error to tell
		return &driver.Error{Kind: driver.ErrValue, Message: "several statements in one text take no arguments"}
	}
	_ = p.stmt.Close() // prepared again below, in order
	own := c.raw.GetAutocommit()
	if own {
		if err := c.raw.Exec("BEGIN IMMEDIATE"); err != nil {
			return c.failed(ctx, err, s)
		}
	}
	err = c.runAll(ctx, s)
	if own && err == nil {
		if e := c.raw.Exec("COMMIT"); e != nil {
			err = c.failed(ctx, e, s)
		}
	}
	if own && !c.raw.GetAutocommit() {
		if e := c.undo(); e != nil {
			c.broken = true
			err = lost(e)
		}
	}
	return err
}

// runAll carries out every statement of a text; rows are dropped.
func (c *conn) runAll(ctx context.Context, s *driver.Statement) error {
	for tail := s.SQL; ; {
		more, _ := c.another(tail) // a mistake shows in prepare
		if !more {
			return nil
		}
		p, rest, err := c.prepare(strings.TrimLeft(tail, " \t\r\n\f;"), 0)
		if err != nil {
			return c.failed(ctx, err, s)
		}
		one := driver.Statement{SQL: p.text, Class: driver.Schema}
		err = c.execute(ctx, p, &one)
		_ = p.stmt.Close() // repeats the error of the last step
		if err != nil {
			return err
		}
		s.Affected += one.Affected
		tail = rest
	}
}
