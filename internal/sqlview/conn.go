package sqlview

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// errBusy is the answer to a statement on a connection whose rows are still being read.
var errBusy = errors.New("database/sql over a pool: rows of an earlier query of this transaction are still open: read them to the end or close them first")

// conn implements sqldriver.Conn over a lease. database/sql uses it from one goroutine
// at a time.
type conn struct {
	v     *View
	lease *pool.Lease // nil until it is needed
	role  driver.Role
	tx    bool
	rows  *rows // that are open
}

var (
	_ sqldriver.Conn               = (*conn)(nil)
	_ sqldriver.ConnBeginTx        = (*conn)(nil)
	_ sqldriver.ConnPrepareContext = (*conn)(nil)
	_ sqldriver.ExecerContext      = (*conn)(nil)
	_ sqldriver.QueryerContext     = (*conn)(nil)
	_ sqldriver.NamedValueChecker  = (*conn)(nil)
	_ sqldriver.Pinger             = (*conn)(nil)
	_ sqldriver.Validator          = (*conn)(nil)
)

// take makes sure that the connection has a lease that can do what role asks for. One
// that reads is exchanged for the one that writes, except in a transaction, where the
// database refuses the write.
func (c *conn) take(ctx context.Context, role driver.Role, readOnly bool) error {
	if c.rows != nil && !c.rows.over() {
		return errBusy
	}
	if c.lease != nil {
		if c.tx || c.role == role || c.role == driver.Writer || !c.v.readers() {
			return nil
		}
		c.release()
	}
	l, err := c.v.lease(ctx, role, readOnly)
	if err != nil {
		return err
	}
	c.lease, c.role = l, role
	return nil
}

func (c *conn) release() {
	if c.lease != nil {
		c.lease.Release()
		c.lease = nil
	}
}

// Close implements sqldriver.Conn: the lease goes back to the pool, which takes an open
// transaction back.
func (c *conn) Close() error {
	if c.rows != nil {
		_ = c.rows.Close() // its connection is given up
	}
	c.release()
	return nil
}

// IsValid implements sqldriver.Validator.
func (c *conn) IsValid() bool { return c.lease == nil || c.lease.Held() }

// Ping implements sqldriver.Pinger.
func (c *conn) Ping(ctx context.Context) error {
	if c.lease == nil {
		return c.v.pool.Ping(ctx)
	}
	_, err := c.ExecContext(ctx, "SELECT 1", nil)
	return err
}

// do carries out statements on the lease.
func (c *conn) do(ctx context.Context, statements ...driver.Statement) error {
	op := &pool.Op{Role: c.role, Label: c.v.label}
	op.Statements = statements
	if err := c.lease.Do(ctx, op); err != nil {
		return err
	}
	return op.Outcome()
}

// Begin implements sqldriver.Conn.
func (c *conn) Begin() (sqldriver.Tx, error) {
	return c.BeginTx(context.Background(), sqldriver.TxOptions{})
}

// BeginTx implements sqldriver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, o sqldriver.TxOptions) (sqldriver.Tx, error) {
	st, role, err := begin(c.v.dialect, o)
	if err != nil {
		return nil, err
	}
	if err := c.take(ctx, role, o.ReadOnly); err != nil {
		return nil, err
	}
	if err := c.do(ctx, st); err != nil {
		return nil, err
	}
	c.tx = true
	return &tx{c}, nil
}

// PrepareContext implements sqldriver.ConnPrepareContext. The drivers below prepare what
// comes often by themselves, so this sends nothing; a mistake in the text shows when the
// statement is used.
func (c *conn) PrepareContext(_ context.Context, text string) (sqldriver.Stmt, error) {
	return &stmt{c, text}, nil
}

// Prepare implements sqldriver.Conn.
func (c *conn) Prepare(text string) (sqldriver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// ExecContext implements sqldriver.ExecerContext. Without arguments the text may hold
// several statements, which stand or fall together.
func (c *conn) ExecContext(ctx context.Context, text string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	text, values, err := arguments(c.v.dialect, text, args)
	if err != nil {
		return nil, err
	}
	if err := c.take(ctx, driver.Writer, false); err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return c.script(ctx, text)
	}
	statements := []driver.Statement{{SQL: text, Args: values}}
	var id lastID
	if c.v.dialect == dialect.SQLite {
		statements = append(statements, driver.Statement{SQL: "SELECT last_insert_rowid()", Sink: &id})
	}
	if err := c.do(ctx, statements...); err != nil {
		return nil, err
	}
	return result{affected: statements[0].Affected, id: id, sqlite: c.v.dialect == dialect.SQLite}, nil
}

// script carries out a text of one or more statements without arguments.
func (c *conn) script(ctx context.Context, text string) (sqldriver.Result, error) {
	parts := dialect.Script(text)
	if c.v.dialect == dialect.SQLite && (len(parts) < 2 || !control[firstWord(parts[0])]) {
		// The driver knows several statements in one text, and where each ends.
		var id lastID
		statements := []driver.Statement{{SQL: text, Class: driver.Schema}, {SQL: "SELECT last_insert_rowid()", Sink: &id}}
		if err := c.do(ctx, statements...); err != nil {
			return nil, err
		}
		return result{affected: statements[0].Affected, id: id, sqlite: true}, nil
	}
	if len(parts) < 2 {
		st := []driver.Statement{{SQL: text}}
		if err := c.do(ctx, st...); err != nil {
			return nil, err
		}
		return result{affected: st[0].Affected}, nil
	}
	// Several statements in one text are one transaction, as in Postgres' simple protocol,
	// unless there is one or the text has its own.
	own := c.lease.Status() == driver.Idle
	var statements []driver.Statement
	for _, p := range parts {
		own = own && !control[firstWord(p)]
		statements = append(statements, driver.Statement{SQL: p})
	}
	if own {
		statements = append([]driver.Statement{{SQL: "BEGIN", Class: driver.Begin}}, statements...)
		statements = append(statements, driver.Statement{SQL: "COMMIT", Class: driver.Commit})
	}
	var affected int64
	if own || c.lease.Status() != driver.Idle {
		if err := c.do(ctx, statements...); err != nil {
			return nil, err
		}
		affected = statements[len(statements)-1].Affected
		if own {
			affected = statements[len(statements)-2].Affected
		}
		return result{affected: affected}, nil
	}
	for i := range statements { // one after another: each may begin or end a transaction
		if err := c.do(ctx, statements[i]); err != nil {
			return nil, err
		}
	}
	return result{}, nil
}

// control are the words with which statements begin and end transactions.
var control = map[string]bool{
	"BEGIN": true, "START": true, "COMMIT": true, "END": true, "ROLLBACK": true, "ABORT": true,
	"SAVEPOINT": true, "RELEASE": true, "PREPARE": true, "VACUUM": true,
}

// firstWord returns the first word of a statement in upper case.
func firstWord(text string) string {
	for i := 0; i < len(text); {
		switch end := dialect.QuotedEnd(text, i); {
		case end < 0:
			return ""
		case end > i:
			i = end
			continue
		}
		if !dialect.NameStart(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && dialect.NamePart(text[end]) {
			end++
		}
		return strings.ToUpper(text[i:end])
	}
	return ""
}

// reading are the words with which statements begin that usually only read.
var reading = map[string]bool{"SELECT": true, "WITH": true, "VALUES": true, "EXPLAIN": true, "PRAGMA": true}

// QueryContext implements sqldriver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, text string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	text, values, err := arguments(c.v.dialect, text, args)
	if err != nil {
		return nil, err
	}
	role := driver.Writer
	if reading[firstWord(text)] {
		role = driver.Reader
	}
	r, err := c.query(ctx, role, text, values)
	if role == driver.Reader && !c.tx && c.v.readers() && c.role == driver.Reader && errors.Is(err, driver.ErrReadOnly) {
		r, err = c.query(ctx, driver.Writer, text, values)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (c *conn) query(ctx context.Context, role driver.Role, text string, values []driver.Value) (*rows, error) {
	if err := c.take(ctx, role, false); err != nil {
		return nil, err
	}
	r := newRows(ctx, c.v)
	r.op.Role, r.op.Label = c.role, c.v.label
	r.op.Statements = []driver.Statement{{SQL: text, Args: values, Sink: r}}
	c.rows = r
	c.lease.Submit(ctx, &r.op, r)
	if err := r.begun(); err != nil {
		return nil, err
	}
	return r, nil
}

// stmt implements sqldriver.Stmt.
type stmt struct {
	c    *conn
	text string
}

var (
	_ sqldriver.StmtExecContext   = (*stmt)(nil)
	_ sqldriver.StmtQueryContext  = (*stmt)(nil)
	_ sqldriver.NamedValueChecker = (*stmt)(nil)
)

// Close implements sqldriver.Stmt.
func (s *stmt) Close() error { return nil }

// NumInput implements sqldriver.Stmt: the database counts.
func (s *stmt) NumInput() int { return -1 }

// ExecContext implements sqldriver.StmtExecContext.
func (s *stmt) ExecContext(ctx context.Context, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	return s.c.ExecContext(ctx, s.text, args)
}

// QueryContext implements sqldriver.StmtQueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	return s.c.QueryContext(ctx, s.text, args)
}

// Exec implements sqldriver.Stmt.
func (s *stmt) Exec(args []sqldriver.Value) (sqldriver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query implements sqldriver.Stmt.
func (s *stmt) Query(args []sqldriver.Value) (sqldriver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []sqldriver.Value) []sqldriver.NamedValue {
	out := make([]sqldriver.NamedValue, len(args))
	for i, a := range args {
		out[i] = sqldriver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}

// result implements sqldriver.Result.
type result struct {
	affected int64
	id       lastID
	sqlite   bool
}

// RowsAffected implements sqldriver.Result.
func (r result) RowsAffected() (int64, error) { return r.affected, nil }

// LastInsertId implements sqldriver.Result.
func (r result) LastInsertId() (int64, error) {
	if !r.sqlite {
		return 0, errors.New("database/sql over a pool: Postgres has no LastInsertId: ask for the key with RETURNING and QueryRow")
	}
	return int64(r.id), nil
}

// lastID takes the answer to last_insert_rowid().
type lastID int64

// Begin implements driver.Sink.
func (*lastID) Begin([]driver.Column) error { return nil }

// Row implements driver.Sink.
func (id *lastID) Row(r driver.Row) error {
	n, err := r.Int64(0)
	*id = lastID(n)
	if err != nil {
		return fmt.Errorf("last_insert_rowid: %w", err)
	}
	return nil
}
