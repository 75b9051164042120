package models

import (
	"errors"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Returning makes an Update, Delete or Insert answer with the rows that it wrote, as they
// are afterwards; a deleted one as it was. Read them with [All], [First] or [One].
//
// Of an [Insert] they are its own objects, complete with what the database made of them;
// those that OnConflict dropped are not among them. In a session, rows of an Update are
// its objects, brought up to date except for what was changed in them; rows of a Delete
// and of an Insert are strangers to it.
func (q Query[R]) Returning() Query[R] { return Query[R]{q: q.q.returns()} }

//go:noinline
func (q *query) returns() *query {
	return q.with(func(n *query) error {
		if err := n.only("Returning", insertQuery, insertSelectQuery, updateQuery, deleteQuery); err != nil {
			return err
		}
		if n.kind == insertQuery {
			n.returning = []dialect.Node{}
			return nil
		}
		n.returning = []dialect.Node{dialect.All{Source: n.sel.From}}
		if w, ok := n.rows.(interface {
			written(kind queryKind) reader
		}); ok {
			n.rows = w.written(n.kind)
		}
		return nil
	})
}

// Returning1 makes an Update, Delete or [InsertFrom] answer with one value per row.
func Returning1[A, R any](q Query[R], a Expr[A]) Query[A] {
	return Query[A]{q: q.q.returnsOf(Select1(a).q)}
}

// Returning2 makes an Update, Delete or [InsertFrom] answer with two values per row.
func Returning2[A, B, R any](q Query[R], a Expr[A], b Expr[B]) Query[Row2[A, B]] {
	return Query[Row2[A, B]]{q: q.q.returnsOf(Select2(a, b).q)}
}

// ReturningAs makes an Update, Delete or [InsertFrom] answer with structs; see
// [SelectAs] for what goes where.
func ReturningAs[T, R any](q Query[R], columns ...any) Query[T] {
	return Query[T]{q: q.q.returnsOf(SelectAs[T](columns...).q)}
}

// returnsOf is q answering with the columns of sel.
//
//go:noinline
func (q *query) returnsOf(sel *query) *query {
	return q.with(func(n *query) error {
		if sel.err != nil {
			return sel.err
		}
		if n.kind == insertQuery {
			return errors.New("models: an Insert of objects returns these: use Returning, and read their fields")
		}
		n.returning, n.rows = sel.sel.Columns, sel.rows
		return n.only("Returning", insertSelectQuery, updateQuery, deleteQuery)
	})
}

func (e entity) written(kind queryKind) reader { return writtenRows{e, kind} }

// writtenRows reads the rows of an entity that a statement wrote.
type writtenRows struct {
	entity
	kind queryKind
}

func (w writtenRows) sink(hint int, session bool) rowSink {
	s := &entitySink{excerpt: excerpt{t: w.t}, maker: w.maker, hint: hint, mark: w.t.hasOrigin && !session}
	switch w.kind {
	case updateQuery:
		return &updatedSink{s}
	case deleteQuery:
		s.mark = false // there is no row any more that it could be the image of
	default:
		s.mark = w.t.hasOrigin
	}
	return &strangers{s}
}

// updatedSink takes rows that an UPDATE wrote.
type updatedSink struct{ *entitySink }

func (s *updatedSink) attach(u *Unit) {
	s.refresh(u)
	s.entitySink.attach(u)
}

// strangers takes rows that do not become part of a session.
type strangers struct{ *entitySink }

func (*strangers) attach(*Unit)  {}
func (*strangers) refresh(*Unit) {}

// inserts reports whether q is an Insert of objects that is asked for its rows.
func (q *query) inserts() bool {
	return q != nil && q.err == nil && q.kind == insertQuery && q.returning != nil
}

// insertRows are the steps of an Insert that is asked for its objects.
func insertRows(t Target, q *query, w want) steps {
	c := insertCall{e: t.engine(), u: t.unit(), in: q.insert, conflict: q.conflict, all: true}
	return lately(&insertedRows{insertCall: c, want: w}, true)
}

// insertedRows is an insertCall whose result are rows.
type insertedRows struct {
	insertCall
	want want
	rows rowRange
}

// value implements steps.
func (c *insertedRows) value() (unsafe.Pointer, error) {
	if _, err := c.insertCall.value(); err != nil {
		return nil, err
	}
	var rows []unsafe.Pointer
	for _, b := range c.batches {
		for _, obj := range b.objs {
			if b.inserted(b.sent) {
				rows = append(rows, obj)
			}
		}
	}
	c.rows = rangeOf(rows)
	return c.want.of(&c.rows)
}
