package models

import (
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A Query is a statement whose rows are R: [From] makes a Query[*User], [Select2] a
// Query[Row2[A, B]], [Raw] a Query of what it is asked for. A verb such as [All] carries
// it out.
//
// Queries are immutable: each method returns another query and leaves its receiver as it
// is, so a query can be kept in a package variable and be used by many goroutines. A
// mistake made while building travels in the query, and the verb returns it.
type Query[R any] struct {
	_ [0]*R // or queries of one type could be converted to those of another
	q *query
}

// query is all of a Query[R] but its type: each method of a generic type is compiled for
// every type that it is used with, so what a method does is done here. It is not changed
// once it is published.
type query struct {
	err    error
	kind   queryKind
	rows   reader // makes sinks for rows of R; nil: there are none
	sel    dialect.Select
	tables []*table // of the sources, for autoflush; nil: unknown
	set    []dialect.Assign
	insert *insertion
	raw    *rawText
	loads  []Loading
	all    bool // the rows of an UPDATE or DELETE without a condition are meant
	// populate: rows overwrite the objects that a session has.
	populate bool
	purge    bool // a DELETE removes rows that it would only mark

	conflict  *dialect.Conflict // of an INSERT; nil for none
	into      *insertInto
	chunk     int            // rows that Each reads at a time; 0: the default
	returning []dialect.Node // nil: what is written returns no rows
}

type queryKind uint8

const (
	selectQuery queryKind = iota
	updateQuery
	deleteQuery
	insertQuery
	insertSelectQuery
	rawQuery
)

var errZeroQuery = errors.New("models: a zero Query asks for nothing: make one with From, Select2, Raw, …")

// with returns a copy of q, changed by f unless q is in error. A nil q is that of a zero
// Query.
//
// What calls it is marked noinline: the compiler would put it, closure and all, into the
// methods of Query[R] again, and so compile it for each R.
func (q *query) with(f func(n *query) error) *query {
	n := new(query)
	if q == nil {
		n.err = errZeroQuery
	} else if *n = *q; n.err == nil {
		n.err = f(n)
	}
	return n
}

// only reports an error unless q is of one of the kinds.
func (q *query) only(method string, kinds ...queryKind) error {
	if len(q.sel.Parts) > 0 && needsTables[method] {
		return fmt.Errorf("models: %s does not fit a Union, Intersect or Except, whose rows have no tables any more: put it into the queries, or make a derived table of the whole", method)
	}
	for _, k := range kinds {
		if q.kind == k {
			return nil
		}
	}
	return fmt.Errorf("models: %s does not fit this kind of query", method)
}

// needsTables are the methods that look at tables.
var needsTables = map[string]bool{
	"From": true, "FromQuery": true, "Where": true, "Join": true, "GroupBy": true, "Having": true, "Distinct": true,
	"DistinctOn": true, "LoadOnly": true, "Defer": true, "ForUpdate": true, "ForShare": true, "JoinQuery": true, "JoinLateral": true,
}

// clip makes appending to s copy it.
func clip[T any](s []T) []T { return s[:len(s):len(s)] }

// From asks for the objects of a table; proto is what [Register] or [Alias] returned.
func From[T any](proto *T) Query[*T] { return Query[*T]{q: queryFrom(proto, makerOf[T]())} }

func queryFrom(proto any, m maker) *query {
	c, err := prototypeOf(proto)
	if err != nil {
		return &query{err: err}
	}
	q := &query{tables: []*table{c.t}}
	q.sel.From = c.source
	q.sel.Columns = []dialect.Node{dialect.All{Source: c.source}}
	e := entity{excerpt{t: c.t}, m}
	if q.rows = e; len(c.t.key) == 0 {
		q.rows = derivedRows{e}
	}
	return q
}

// From sets the table that is selected from. Without it that is the table of the first
// column selected.
func (q Query[R]) From(proto any) Query[R] { return Query[R]{q: q.q.from(proto)} }

//go:noinline
func (q *query) from(proto any) *query {
	return q.with(func(n *query) error {
		if err := n.only("From", selectQuery); err != nil {
			return err
		}
		c, err := prototypeOf(proto)
		if err != nil {
			return err
		}
		n.sel.Body = nil
		n.sel.From = c.source
		n.tables = append(clip(n.tables), c.t)
		return nil
	})
}

// Where keeps the rows for which all conditions are true. Further calls add conditions.
func (q Query[R]) Where(conds ...Cond) Query[R] { return Query[R]{q: q.q.where(conds)} }

//go:noinline
func (q *query) where(conds []Cond) *query {
	return q.with(func(n *query) error {
		if err := n.only("Where", selectQuery, updateQuery, deleteQuery); err != nil {
			return err
		}
		nodes, err := nodesOf(conds)
		n.sel.Where = append(clip(n.sel.Where), nodes...)
		n.reads(subOf(conds))
		return err
	})
}

// OrderBy orders the rows; further calls order what is equal so far.
func (q Query[R]) OrderBy(orders ...Order) Query[R] { return Query[R]{q: q.q.orderBy(orders)} }

//go:noinline
func (q *query) orderBy(orders []Order) *query {
	return q.with(func(n *query) error {
		for _, o := range orders {
			if o.err != nil {
				return o.err
			}
			if o.node == nil {
				return errors.New("models: a zero Order orders nothing")
			}
			n.sel.OrderBy = append(clip(n.sel.OrderBy), o.node)
			n.reads(o.sub)
		}
		return n.only("OrderBy", selectQuery)
	})
}

// Limit keeps the first n rows. A negative n is an error.
func (q Query[R]) Limit(rows int) Query[R] { return Query[R]{q: q.q.limitTo(rows)} }

//go:noinline
func (q *query) limitTo(rows int) *query {
	return q.with(func(n *query) error {
		if rows < 0 {
			return fmt.Errorf("models: Limit(%d): want 0 or more", rows)
		}
		n.sel.Limit = dialect.Number{N: int64(rows)}
		return n.only("Limit", selectQuery)
	})
}

// Offset leaves the first n rows out. A negative n is an error.
func (q Query[R]) Offset(rows int) Query[R] { return Query[R]{q: q.q.offset(rows)} }

//go:noinline
func (q *query) offset(rows int) *query {
	return q.with(func(n *query) error {
		if rows < 0 {
			return fmt.Errorf("models: Offset(%d): want 0 or more", rows)
		}
		n.sel.Offset = dialect.Param{Value: driver.Int64(int64(rows))}
		return n.only("Offset", selectQuery)
	})
}

// Distinct drops rows that are alike.
func (q Query[R]) Distinct() Query[R] { return Query[R]{q: q.q.distinct()} }

//go:noinline
func (q *query) distinct() *query {
	return q.with(func(n *query) error {
		n.sel.Distinct = true
		return n.only("Distinct", selectQuery)
	})
}

// GroupBy makes one row of all rows that are alike in keys: addresses of columns, or
// expressions.
func (q Query[R]) GroupBy(keys ...any) Query[R] { return Query[R]{q: q.q.groupBy(keys)} }

//go:noinline
func (q *query) groupBy(keys []any) *query {
	return q.with(func(n *query) error {
		for _, k := range keys {
			node, err := nodeOf(k)
			if err != nil {
				return err
			}
			n.sel.GroupBy = append(clip(n.sel.GroupBy), node)
		}
		return n.only("GroupBy", selectQuery)
	})
}

// Having keeps the groups for which all conditions are true.
func (q Query[R]) Having(conds ...Cond) Query[R] { return Query[R]{q: q.q.having(conds)} }

//go:noinline
func (q *query) having(conds []Cond) *query {
	return q.with(func(n *query) error {
		nodes, err := nodesOf(conds)
		n.sel.Having = append(clip(n.sel.Having), nodes...)
		n.reads(subOf(conds))
		return errors.Join(err, n.only("Having", selectQuery))
	})
}

// expression is any Expr[V].
type expression interface{ term() term }

func (e Expr[V]) term() term { return e.x }

// reads notes tables that a query reads beside its own.
func (q *query) reads(ts []*table) {
	if q.tables != nil {
		q.tables = append(clip(q.tables), ts...)
	}
}

// source is where the objects of a query come from.
func (q *query) source() *dialect.Source {
	s := &q.sel
	for len(s.Parts) > 0 {
		s = s.Parts[0].Query
	}
	switch c := s.Columns[0].(type) {
	case dialect.All:
		return c.Source
	case dialect.Column:
		return c.Source
	}
	return s.From
}

// nodeOf takes the address of a column or an expression.
func nodeOf(x any) (dialect.Node, error) {
	if e, ok := x.(expression); ok {
		x := e.term()
		return x.node, x.err
	}
	col, err := columnOf(x)
	if err != nil {
		return nil, err
	}
	return col.node(), nil
}

// statement writes the text of a query of one of the built kinds.
func (q *query) statement(d dialect.Dialect, write func(w *dialect.Writer, q *query)) (driver.Statement, error) {
	w := dialect.NewWriter(d)
	defer w.Free()
	write(w, q)
	if err := w.Err(); err != nil {
		return driver.Statement{}, fmt.Errorf("models: %w", err)
	}
	st := driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Read, Foreign: w.Foreign()}
	if q.kind != selectQuery || q.sel.Lock != dialect.NoLock {
		st.Class = driver.Write // a lock is for a transaction that writes
	}
	return st, nil
}

func writeQuery(w *dialect.Writer, q *query) {
	switch q.kind {
	case updateQuery:
		w.Update(&dialect.Update{Source: q.sel.From, Set: q.assigns(), From: q.others(), Where: q.sel.Where, Returning: q.returning, Deleted: q.sel.Deleted})
	case deleteQuery:
		if t := q.tables[0]; t.soft != nil && !q.purge {
			w.Update(q.marking(t))
			return
		}
		w.Delete(&dialect.Delete{Source: q.sel.From, Using: q.others(), Where: q.sel.Where, Returning: q.returning, Deleted: q.sel.Deleted})
	case insertSelectQuery:
		w.InsertSelect(&dialect.InsertSelect{Source: q.sel.From, Columns: q.into.columns, Query: q.into.rows, Conflict: q.conflict, Returning: q.returning})
	default:
		w.Select(&q.sel)
	}
}

func writeCount(w *dialect.Writer, q *query)  { w.Count(&q.sel) }
func writeExists(w *dialect.Writer, q *query) { w.Exists(&q.sel) }
