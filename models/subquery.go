package models

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A subquery may use the columns of the query around it (it is correlated then). Where
// both have the same table, its columns are the subquery's own, as always in SQL: to
// compare a table with itself give one of the two an [Alias].

// Sub is the only value of a query that has one row and one column, NULL if it has no
// row. More than one row is an error on Postgres; SQLite takes the first.
func Sub[V any](q Query[V]) Expr[V] { return Expr[V]{x: q.q.sub()} }

func (q *query) sub() term {
	sel, tables, err := q.nested("Sub")
	if err != nil {
		return term{err: err}
	}
	c := q.column()
	if c == nil {
		return term{err: errors.New("models: Sub takes a query of one column: make it with Select1")}
	}
	return term{node: dialect.Scalar{Query: sel}, c: c, sub: tables}
}

// ExistsIn is true if q has a row: ExistsIn(From(postT).Where(EqCol(&postT.AuthorID,
// &userT.ID))).
func ExistsIn[R any](q Query[R]) Cond {
	sel, tables, err := q.q.nested("ExistsIn")
	return Cond{node: dialect.ExistsIn{Query: sel}, err: err, sub: tables}
}

// InQuery is true for rows whose column is one of the query's values.
func InQuery[V any](p *V, q Query[V]) Cond { return Col(p).InQuery(q) }

// NotInQuery is true for rows whose column is none of the query's values. A NULL among
// them makes it false for all, as always in SQL.
func NotInQuery[V any](p *V, q Query[V]) Cond { return Col(p).NotInQuery(q) }

// InQuery is true where e is one of the query's values.
func (e Expr[V]) InQuery(q Query[V]) Cond { return e.x.inQuery(q.q, false) }

// NotInQuery is true where e is none of the query's values; see the function
// [NotInQuery].
func (e Expr[V]) NotInQuery(q Query[V]) Cond { return e.x.inQuery(q.q, true) }

// nested returns what a query is as a part of another.
func (q *query) nested(what string) (*dialect.Select, []*table, error) {
	switch {
	case q == nil:
		return nil, nil, errZeroQuery
	case q.err != nil:
		return nil, nil, q.err
	}
	if err := q.only(what, selectQuery); err != nil {
		return nil, nil, err
	}
	return &q.sel, q.tables, nil
}

// column returns the codec of a query of one plain value, nil for other queries.
func (q *query) column() *codec {
	if v, ok := q.rows.(values); ok && v.single {
		return v.cells[0].c
	}
	return nil
}
