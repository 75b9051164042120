package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Union is the rows of all queries, each different row once. The result can be ordered,
// by columns that the first query selects, limited, counted, and used as a subquery;
// what else is to be said belongs into the queries.
func Union[R any](first Query[R], others ...Query[R]) Query[R] {
	return Query[R]{q: combine("Union", "UNION", first.q, queries(others))}
}

// UnionAll is the rows of all queries, one behind the other; see [Union].
func UnionAll[R any](first Query[R], others ...Query[R]) Query[R] {
	return Query[R]{q: combine("UnionAll", "UNION ALL", first.q, queries(others))}
}

// Intersect is the different rows that all queries have; see [Union].
func Intersect[R any](first Query[R], others ...Query[R]) Query[R] {
	return Query[R]{q: combine("Intersect", "INTERSECT", first.q, queries(others))}
}

// Except is the different rows of first that none of the others has; see [Union].
func Except[R any](first Query[R], others ...Query[R]) Query[R] {
	return Query[R]{q: combine("Except", "EXCEPT", first.q, queries(others))}
}

func queries[R any](qs []Query[R]) []*query {
	out := make([]*query, len(qs))
	for i, q := range qs {
		out[i] = q.q
	}
	return out
}

func combine(method, op string, first *query, others []*query) *query {
	fail := func(err error) *query { return &query{err: err} }
	out := &query{tables: []*table{}}
	var want []layout
	for i, q := range append([]*query{first}, others...) {
		sel, tables, err := q.nested(method)
		if err != nil {
			return fail(err)
		}
		got := q.layout()
		if i == 0 {
			want = got
			out.sel.Parts = append(out.sel.Parts, dialect.Combined{Query: sel})
		} else {
			if !sameLayout(want, got) {
				return fail(fmt.Errorf("models: %s: query %d does not have the columns of the first in the same order", method, i+1))
			}
			out.sel.Parts = append(out.sel.Parts, dialect.Combined{Op: op, Query: sel})
		}
		if tables == nil {
			out.tables = nil
		}
		out.reads(tables)
	}
	out.rows = first.rows
	return out
}

// A layout is where the value of a column goes.
type layout struct {
	off uintptr
	c   *codec
}

func (q *query) layout() (out []layout) {
	if e, ok := q.rows.(interface{ chosen() []*field }); ok {
		for _, f := range e.chosen() {
			out = append(out, layout{f.off, f.codec})
		}
	}
	if v, ok := q.rows.(values); ok {
		for i := range v.cells {
			out = append(out, layout{v.cells[i].off, v.cells[i].c})
		}
	}
	return out
}

func sameLayout(a, b []layout) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].off != b[i].off || a[i].c.typ != b[i].c.typ || a[i].c.kind != b[i].c.kind {
			return false
		}
	}
	return true
}
