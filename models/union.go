package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Union is the rows of all queries, each different row once. The result can be ordered,
// by columns that the first query selects, limited, counted, and used as a subquery;
// what else is to be said belongs into the queries.
func Union[R any](first Query[R], others ...Query[R]) Query[R] {
	return combine("Union", "UNION", first, others)
}

// UnionAll is the rows of all queries, one behind the other; see [Union].
func UnionAll[R any](first Query[R], others ...Query[R]) Query[R] {
	return combine("UnionAll", "UNION ALL", first, others)
}

// Intersect is the different rows that all queries have; see [Union].
func Intersect[R any](first Query[R], others ...Query[R]) Query[R] {
	return combine("Intersect", "INTERSECT", first, others)
}

// Except is the different rows of first that none of the others has; see [Union].
func Except[R any](first Query[R], others ...Query[R]) Query[R] {
	return combine("Except", "EXCEPT", first, others)
}

func combine[R any](method, op string, first Query[R], others []Query[R]) Query[R] {
	fail := func(err error) Query[R] { return Query[R]{q: &query{err: err}} }
	out := &query{tables: []*table{}}
	var want []layout
	for i, q := range append([]Query[R]{first}, others...) {
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
	return Query[R]{out, first.rows}
}

// A layout is where the value of a column goes.
type layout struct {
	off uintptr
	c   *codec
}

func (q Query[R]) layout() (out []layout) {
	if e, ok := any(q.rows).(interface{ chosen() []*field }); ok {
		for _, f := range e.chosen() {
			out = append(out, layout{f.off, f.codec})
		}
	}
	if v, ok := any(q.rows).(values[R]); ok {
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
