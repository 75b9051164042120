package sqlview

import (
	"context"
	sqldriver "database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

const (
	// maxChunk is how many rows wait at most to be read, and maxChunkBytes how large they
	// are together, counting texts and bytes only.
	maxChunk      = 128
	maxChunkBytes = 64 << 10
)

var (
	errRowsClosed = errors.New("the rows were closed")
	errSentAgain  = errors.New("database/sql over a pool: the statement was sent again after rows were read, so the rest is not read")
)

// rows are the rows of one statement: a driver.Sink on the side of the connection,
// sqldriver.Rows on that of the reader. The two meet in ch.
type rows struct {
	op  pool.Op
	ctx context.Context
	v   *View

	started chan struct{} // closed when the columns are known
	ch      chan [][]sqldriver.Value
	closed  chan struct{}
	done    chan struct{} // closed when the statement has ended

	// Of the connection, until done is closed.
	known bool // started is closed
	chunk [][]sqldriver.Value
	size  int
	limit int
	sent  bool

	// Of the reader; columns and types are written before started is closed.
	columns []string
	types   []string
	current [][]sqldriver.Value
	shut    bool
}

var (
	_ sqldriver.Rows                           = (*rows)(nil)
	_ sqldriver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
)

func newRows(ctx context.Context, v *View) *rows {
	return &rows{
		ctx: ctx, v: v, limit: 1,
		started: make(chan struct{}), ch: make(chan [][]sqldriver.Value),
		closed: make(chan struct{}), done: make(chan struct{}),
	}
}

// Begin implements driver.Sink.
func (r *rows) Begin(cols []driver.Column) error {
	if r.known {
		if r.sent {
			return errSentAgain
		}
		r.chunk, r.size = nil, 0
		return nil
	}
	for _, c := range cols {
		r.columns = append(r.columns, c.Name)
		r.types = append(r.types, strings.ToUpper(c.Type))
	}
	r.known = true
	close(r.started)
	return nil
}

// Row implements driver.Sink. It waits while the chunk before is being read: the
// connection belongs to the reader, so it holds up nobody else.
func (r *rows) Row(row driver.Row) error {
	values := make([]sqldriver.Value, len(r.columns))
	for i := range values {
		v, n, err := value(row, i)
		if err != nil {
			return err
		}
		values[i] = v
		r.size += n
	}
	r.chunk = append(r.chunk, values)
	if len(r.chunk) < r.limit && r.size < maxChunkBytes {
		return nil
	}
	select {
	case r.ch <- r.chunk:
		r.sent = true
		r.chunk, r.size = nil, 0
		r.limit = min(2*r.limit, maxChunk)
		return nil
	case <-r.closed:
		return errRowsClosed
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	case <-r.v.stopped:
		return pool.ErrClosed
	}
}

// Resolved implements pool.Resolver.
func (r *rows) Resolved(*pool.Op) { close(r.done) }

// begun waits for the columns, or for the error that came instead.
func (r *rows) begun() error {
	select {
	case <-r.started:
	case <-r.done:
	}
	select {
	case <-r.done:
		if err := r.op.Outcome(); err != nil {
			r.shut = true
			close(r.closed)
			return err
		}
	default:
	}
	return nil
}

// over reports whether the connection is free again.
func (r *rows) over() bool {
	if r.shut {
		return true
	}
	select {
	case <-r.done: // what is left is with the reader
		return true
	default:
		return false
	}
}

// Columns implements sqldriver.Rows.
func (r *rows) Columns() []string { return r.columns }

// ColumnTypeDatabaseTypeName implements sqldriver.RowsColumnTypeDatabaseTypeName.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string { return r.types[i] }

// Next implements sqldriver.Rows.
func (r *rows) Next(dest []sqldriver.Value) error {
	if len(r.current) == 0 {
		select {
		case r.current = <-r.ch:
		case <-r.done:
			r.current, r.chunk = r.chunk, nil
			if err := r.op.Outcome(); err != nil {
				return err
			}
			if len(r.current) == 0 {
				return io.EOF
			}
		}
	}
	copy(dest, r.current[0])
	r.current = r.current[1:]
	return nil
}

// Close implements sqldriver.Rows. What is left of the result is dropped: SQLite stops,
// Postgres sends it to the end, because stopping it would end a transaction.
func (r *rows) Close() error {
	if r.shut {
		return nil
	}
	r.shut = true
	close(r.closed)
	<-r.done
	return nil
}

// value reads a column as one of the types of database/sql, and tells how large it is. A
// UUID comes as its text, JSON as its bytes, an array as the text that Postgres has for
// it.
func value(row driver.Row, i int) (v sqldriver.Value, size int, err error) {
	if row.IsNull(i) {
		return nil, 0, nil
	}
	x, err := row.Value(i)
	if err != nil {
		return nil, 0, err
	}
	switch x := x.(type) {
	case bool, int64, float64, time.Time:
		return x, 0, nil
	case string:
		return x, len(x), nil
	case []byte:
		return x, len(x), nil
	case json.RawMessage:
		return []byte(x), len(x), nil
	case [16]byte:
		h := hex.EncodeToString(x[:])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], 36, nil
	}
	s, err := row.Text(i)
	return s, len(s), err
}
