package models

import (
	"errors"
	"unsafe"
)

// Rows of several expressions.
type (
	// Row2 is a row of two values.
	Row2[A, B any] struct {
		A A
		B B
	}
	// Row3 is a row of three values.
	Row3[A, B, C any] struct {
		A A
		B B
		C C
	}
	// Row4 is a row of four values.
	Row4[A, B, C, D any] struct {
		A A
		B B
		C C
		D D
	}
)

// Select1 asks for one value per row. It selects from the table of the column in it, see
// also [Query.From].
func Select1[A any](a Expr[A]) Query[A] {
	return Query[A]{q: selection(makerOf[A](), part{0, a}).single()}
}

// Select2 asks for two values per row; see [Select1].
func Select2[A, B any](a Expr[A], b Expr[B]) Query[Row2[A, B]] {
	var r Row2[A, B]
	return Query[Row2[A, B]]{q: selection(makerOf[Row2[A, B]](), part{unsafe.Offsetof(r.A), a}, part{unsafe.Offsetof(r.B), b})}
}

// Select3 asks for three values per row; see [Select1].
func Select3[A, B, C any](a Expr[A], b Expr[B], c Expr[C]) Query[Row3[A, B, C]] {
	var r Row3[A, B, C]
	return Query[Row3[A, B, C]]{q: selection(makerOf[Row3[A, B, C]](), part{unsafe.Offsetof(r.A), a}, part{unsafe.Offsetof(r.B), b}, part{unsafe.Offsetof(r.C), c})}
}

// Select4 asks for four values per row; see [Select1].
func Select4[A, B, C, D any](a Expr[A], b Expr[B], c Expr[C], d Expr[D]) Query[Row4[A, B, C, D]] {
	var r Row4[A, B, C, D]
	return Query[Row4[A, B, C, D]]{q: selection(makerOf[Row4[A, B, C, D]](), part{unsafe.Offsetof(r.A), a}, part{unsafe.Offsetof(r.B), b}, part{unsafe.Offsetof(r.C), c}, part{unsafe.Offsetof(r.D), d})}
}

// part is an expression and where in the row its value goes.
type part struct {
	off uintptr
	e   expression
}

// selection asks for parts as rows of m's type.
func selection(m maker, parts ...part) *query {
	q, cells, err := selected(parts)
	if err != nil {
		return &query{err: err}
	}
	q.rows = values{maker: m, cells: cells}
	return q
}

// single says of a query that was just made that a row is one value.
func (q *query) single() *query {
	if v, ok := q.rows.(values); ok {
		v.single = true
		q.rows = v
	}
	return q
}

func selected(parts []part) (*query, []cell, error) {
	q := &query{tables: []*table{}}
	var cells []cell
	for i, p := range parts {
		x := p.e.term()
		if x.err == nil && x.node == nil {
			x.err = errZeroExpr
		}
		if x.err != nil {
			return nil, nil, x.err
		}
		if x.col != nil && q.sel.From == nil {
			q.sel.From = x.col.source
			q.tables = append(q.tables, x.col.t)
		}
		q.tables = append(q.tables, x.sub...)
		q.sel.Columns = append(q.sel.Columns, x.node)
		cells = append(cells, cell{x.c, p.off, i})
	}
	return q, cells, nil
}

var errZeroExpr = errors.New("models: a zero Expr selects nothing")
