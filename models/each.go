package models

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// eachRows is how many rows [Each] reads at a time unless Chunk says otherwise.
const eachRows = 500

// Chunk says how many rows [Each] reads at a time. Defaults to 500. Less than 1 is an
// error.
func (q Query[R]) Chunk(rows int) Query[R] { return Query[R]{q: q.q.chunked(rows)} }

//go:noinline
func (q *query) chunked(rows int) *query {
	return q.with(func(n *query) error {
		if rows < 1 {
			return fmt.Errorf("models: Chunk(%d): want 1 or more", rows)
		}
		n.chunk = rows
		return n.only("Chunk", selectQuery, rawQuery)
	})
}

// Each goes through the rows of q without ever holding more than one chunk of them (see
// [Query.Chunk]), so it fits results of any size:
//
//	for u, err := range models.Each(ctx, db, q) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// An error is the last pair. The loop may call anything, also on the same session, since
// no statement is under way while it runs. How the chunks are read depends on the query:
//
//   - Objects of one table ([From] without Join, Offset, GroupBy, Distinct), ordered by
//     columns that can not be NULL or not at all: each chunk is a query of its own that
//     begins behind the last row, by OrderBy and the key, and no connection is held
//     between. Rows that are written meanwhile are seen if they come behind it.
//   - Everything else needs a connection until the loop ends, and sees the data of one
//     moment. On Postgres it is a cursor: in a session with a transaction in this one,
//     otherwise in a read-only one of its own. On SQLite it is a read transaction in
//     which each chunk is skipped to (OFFSET), so time grows with the square of the
//     rows; in a session with a transaction that is an error.
//   - Raw SQL needs [Query.ReadOnly] and is read as the latter.
//
// In a session, objects that it has already are given as they are. Others do not become
// part of it, or its memory would grow with the result; [Session.Add] those that you
// change. Relations that the query loads are loaded chunk by chunk; then the objects do
// become part of the session.
func Each[R any](ctx context.Context, h Handle, q Query[R]) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		s, err := newStream(h, q.q)
		if err == nil {
			defer s.close(ctx)
		}
		for err == nil && !s.done {
			var rows rowRange
			if rows, err = s.next(ctx); err != nil {
				break
			}
			s.count(rows.n)
			for _, r := range rowsAt[R](rows) {
				if !yield(r, nil) {
					return
				}
			}
		}
		if err != nil {
			var zero R
			yield(zero, err)
		}
	}
}

// stream is an Each under way.
type stream struct {
	h    Handle
	q    *query
	size int
	left int // rows until Limit; negative: no limit
	done bool

	keys *keyset // nil: a cursor or offsets
	last *bookmark
	way  *held
}

func newStream(h Handle, q *query) (*stream, error) {
	switch {
	case q == nil:
		return nil, errZeroQuery
	case q.err != nil:
		return nil, q.err
	}
	if err := q.only("Each", selectQuery, rawQuery); err != nil {
		return nil, err
	}
	if q.kind == rawQuery && !q.raw.read {
		return nil, errors.New("models: Each of raw SQL needs ReadOnly: nobody knows what else the statement does")
	}
	own := *q
	s := &stream{h: h, q: &own, size: q.chunk, left: -1}
	if s.size == 0 {
		s.size = eachRows
	}
	if n, ok := limitOf(q); ok {
		s.left, s.done = n, n == 0
	}
	keys, err := keysetOf(q)
	e, objects := q.rows.(interface{ table() *table })
	loads := objects && newLoader(nil, nil, e.table(), q.loads) != nil
	if err != nil && loads {
		return nil, fmt.Errorf("models: Each loads relations only if it can go by key: %w", err)
	}
	if c, ok := q.rows.(interface{ lacks(k *keyset) error }); ok && keys != nil {
		if err := c.lacks(keys); err != nil {
			return nil, err
		}
	}
	s.keys, s.last = keys, &bookmark{keys: keys}
	if err != nil {
		s.way = &held{why: err}
	}
	if r, ok := q.rows.(interface {
		placed(p *bookmark, strangers bool) reader
	}); ok {
		s.q.rows = r.placed(s.last, !loads)
	}
	return s, nil
}

// next reads a chunk.
func (s *stream) next(ctx context.Context) (rows rowRange, err error) {
	if s.keys == nil {
		return s.hold(ctx, s.room())
	}
	_, err = fetch(ctx, s.h, s.chunk(), wantAll, &rows)
	return rows, err
}

// room is how many rows the next chunk has at most, and count notes that it had so many.
func (s *stream) room() int {
	if s.left >= 0 {
		return min(s.size, s.left)
	}
	return s.size
}

func (s *stream) count(rows int) {
	n := s.room()
	if s.left >= 0 {
		s.left -= rows
	}
	s.done = rows < n || s.left == 0
}

// chunk is the query of the next chunk by key.
func (s *stream) chunk() *query {
	return s.q.with(func(q *query) error {
		q.sel.OrderBy = s.keys.orders()
		q.sel.Limit = dialect.Number{N: int64(s.room())}
		if s.last.vals != nil {
			q.sel.Where = append(clip(q.sel.Where), s.keys.after(s.last.vals))
		}
		return s.last.err
	})
}

// close gives the connection back.
func (s *stream) close(ctx context.Context) {
	if s.way != nil {
		s.way.close(ctx, s.h)
	}
}
