package models

import (
	"errors"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/link"
)

// Returning makes an Update, Delete or Insert answer with the rows that it wrote, as they
// are afterwards; a deleted one as it was. Read them with [All], [First] or [One].
//
// Of an [Insert] they are its own objects, complete with what the database made of them;
// those that OnConflict dropped are not among them. In a session, rows of an Update are
// its objects, brought up to date except for what was changed in them; rows of a Delete
// and of an Insert are strangers to it.
func (q Query[R]) Returning() Query[R] {
	n := q.with(func(n *query) error {
		if err := n.only("Returning", insertQuery, insertSelectQuery, updateQuery, deleteQuery); err != nil {
			return err
		}
		if n.kind == insertQuery {
			n.returning = []dialect.Node{}
			return nil
		}
		n.returning = []dialect.Node{dialect.All{Source: n.sel.From}}
		return nil
	})
	if w, ok := any(q.rows).(interface {
		written(kind queryKind) reader[R]
	}); ok && n.q.err == nil {
		n.rows = w.written(n.q.kind)
	}
	return n
}

// Returning1 makes an Update, Delete or [InsertFrom] answer with one value per row.
func Returning1[A, R any](q Query[R], a Expr[A]) Query[A] {
	s := Select1(a)
	return Query[A]{returns(q, s.q), s.rows}
}

// Returning2 makes an Update, Delete or [InsertFrom] answer with two values per row.
func Returning2[A, B, R any](q Query[R], a Expr[A], b Expr[B]) Query[Row2[A, B]] {
	s := Select2(a, b)
	return Query[Row2[A, B]]{returns(q, s.q), s.rows}
}

// ReturningAs makes an Update, Delete or [InsertFrom] answer with structs; see
// [SelectAs] for what goes where.
func ReturningAs[T, R any](q Query[R], columns ...any) Query[T] {
	s := SelectAs[T](columns...)
	return Query[T]{returns(q, s.q), s.rows}
}

// returns is q answering with the columns of sel.
func returns[R any](q Query[R], sel *query) *query {
	return q.with(func(n *query) error {
		if sel.err != nil {
			return sel.err
		}
		if n.kind == insertQuery {
			return errors.New("models: an Insert of objects returns these: use Returning, and read their fields")
		}
		n.returning = sel.sel.Columns
		return n.only("Returning", insertSelectQuery, updateQuery, deleteQuery)
	}).q
}

func (e entity[T]) written(kind queryKind) reader[*T] { return writtenRows[T]{e, kind} }

// writtenRows reads the rows of an entity that a statement wrote.
type writtenRows[T any] struct {
	entity[T]
	kind queryKind
}

func (w writtenRows[T]) sink(hint int, session bool) rowSink[*T] {
	s := &entitySink[T]{excerpt: excerpt{t: w.t}, hint: hint, mark: w.t.hasOrigin && !session}
	switch w.kind {
	case updateQuery:
		return &updatedSink[T]{s}
	case deleteQuery:
		s.mark = false // there is no row any more that it could be the image of
	default:
		s.mark = w.t.hasOrigin
	}
	return &strangers[T]{s}
}

// updatedSink takes rows that an UPDATE wrote.
type updatedSink[T any] struct{ *entitySink[T] }

func (s *updatedSink[T]) attach(u *Unit) {
	s.refresh(u)
	s.entitySink.attach(u)
}

// strangers takes rows that do not become part of a session.
type strangers[T any] struct{ *entitySink[T] }

func (*strangers[T]) attach(*Unit)  {}
func (*strangers[T]) refresh(*Unit) {}

// inserts reports whether q is an Insert of objects that is asked for its rows.
func (q Query[R]) inserts() bool {
	return q.q != nil && q.q.err == nil && q.q.kind == insertQuery && q.q.returning != nil
}

// returnInserted makes the call of an Insert that answers with its objects.
func returnInserted[R, T any](t Target, q Query[R], finish func(rows []R) (T, error)) link.Chain[T] {
	c := &insertCall{e: t.engine(), u: t.unit(), in: q.q.insert, conflict: q.q.conflict, all: true}
	r := insertRows[R, T]{c, finish}
	if c.u != nil {
		return withLate[T](insertRowsManaged[R, T]{r}, true)
	}
	return withLate[T](r, true)
}

// insertRows is an insertCall whose result are rows.
type insertRows[R, T any] struct {
	*insertCall
	finish func(rows []R) (T, error)
}

// Result implements link.Chain.
func (c insertRows[R, T]) Result() (zero T, err error) {
	if _, err := c.insertCall.Result(); err != nil {
		return zero, err
	}
	var rows []R // R is the pointer to the object's type
	for _, b := range c.batches {
		for _, obj := range b.objs {
			if b.inserted(b.sent) {
				rows = append(rows, *(*R)(unsafe.Pointer(&obj)))
			}
		}
	}
	return c.finish(rows)
}

// insertRowsManaged is insertRows in a session.
type insertRowsManaged[R, T any] struct{ insertRows[R, T] }

// Finish implements link.Finisher.
func (c insertRowsManaged[R, T]) Finish() (T, error) {
	if c.op != nil {
		c.u.sent(c.op)
	}
	return c.Result()
}
