package models

import (
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Row5 is a row of five values.
type Row5[A, B, C, D, E any] struct {
	A A
	B B
	C C
	D D
	E E
}

// Row6 is a row of six values.
type Row6[A, B, C, D, E, F any] struct {
	A A
	B B
	C C
	D D
	E E
	F F
}

// Select5 asks for five values per row; see [Select1].
func Select5[A, B, C, D, E any](a Expr[A], b Expr[B], c Expr[C], d Expr[D], e Expr[E]) Query[Row5[A, B, C, D, E]] {
	return Query[Row5[A, B, C, D, E]]{q: tuple(reflect.TypeFor[Row5[A, B, C, D, E]](), makerOf[Row5[A, B, C, D, E]](), a, b, c, d, e)}
}

// Select6 asks for six values per row; see [Select1]. For more use [SelectAs].
func Select6[A, B, C, D, E, F any](a Expr[A], b Expr[B], c Expr[C], d Expr[D], e Expr[E], f Expr[F]) Query[Row6[A, B, C, D, E, F]] {
	return Query[Row6[A, B, C, D, E, F]]{q: tuple(reflect.TypeFor[Row6[A, B, C, D, E, F]](), makerOf[Row6[A, B, C, D, E, F]](), a, b, c, d, e, f)}
}

// tuple reads expressions into the fields of a struct in their order.
func tuple(typ reflect.Type, m maker, exprs ...expression) *query {
	ps := make([]part, len(exprs))
	for i, e := range exprs {
		ps[i] = part{typ.Field(i).Offset, e}
	}
	return selection(m, ps...)
}

// SelectAs reads rows into a struct of the program's own, each expression into the field
// that is called like it: a column has its name, any other expression gets one with
// [Expr.As]. The names are those of columns (a field AuthorID is author_id, a db tag may
// say otherwise). Arguments are expressions, or addresses of columns.
//
//	type Author struct {
//		Username string
//		Posts    int64
//	}
//	q := models.SelectAs[Author](&userT.Username, models.CountOf(&postT.ID).As("posts")).
//		Join(postT).GroupBy(&userT.Username)
//
// An expression without a field, two for one field, or one of another type than its
// field is an error. A field may be a pointer to the expression's type: then it takes
// NULL. Fields that are not named stay zero.
func SelectAs[T any](columns ...any) Query[T] {
	return Query[T]{q: selectAs(reflect.TypeFor[T](), makerOf[T](), columns)}
}

func selectAs(typ reflect.Type, m maker, columns []any) *query {
	parts, fields, err := namedParts(typ, columns)
	if err != nil {
		return &query{err: err}
	}
	q, cells, err := selected(parts)
	if err != nil {
		return &query{err: err}
	}
	for i, f := range fields {
		cells[i].c = f.codec
		q.sel.Columns[i] = dialect.As{X: q.sel.Columns[i], Name: f.name}
	}
	q.rows = values{maker: m, cells: cells}
	return q
}

// namedParts finds the field of a struct for each expression.
func namedParts(typ reflect.Type, columns []any) ([]part, []*field, error) {
	if typ.Kind() != reflect.Struct {
		return nil, nil, fmt.Errorf("models: SelectAs[%s]: want a struct", typ)
	}
	t, err := plainTable(typ)
	if err != nil {
		return nil, nil, err
	}
	if len(columns) == 0 {
		return nil, nil, fmt.Errorf("models: SelectAs[%s] of nothing", typ)
	}
	var parts []part
	var fields []*field
	taken := map[*field]bool{}
	for i, x := range columns {
		e, name, err := named(x)
		if err != nil {
			return nil, nil, err
		}
		if name == "" {
			return nil, nil, fmt.Errorf("models: SelectAs[%s]: expression %d has no name: add As", typ, i+1)
		}
		f := t.byName[name]
		c := e.term().c
		switch {
		case f == nil:
			return nil, nil, fmt.Errorf("models: SelectAs[%s]: there is no field for %s; there are %s", typ, name, t.sortedNames())
		case taken[f]:
			return nil, nil, fmt.Errorf("models: SelectAs[%s]: two expressions are called %s", typ, name)
		case f.typ != c.typ && (f.elem == nil || f.elem.typ != c.typ):
			return nil, nil, fmt.Errorf("models: SelectAs: %s is %s, and the expression %s is %s", f.path, f.typ, name, c.typ)
		}
		taken[f] = true
		parts, fields = append(parts, part{f.off, e}), append(fields, f)
	}
	return parts, fields, nil
}

// column as an expression, whatever its type.
type bare struct{ col *column }

func (b bare) term() term { return term{node: b.col.node(), c: b.col.c, col: b.col} }

// named takes an expression or the address of a column, and returns what it is called.
func named(x any) (expression, string, error) {
	e, ok := x.(expression)
	if !ok {
		col, err := columnOf(x)
		if err != nil {
			return nil, "", err
		}
		return bare{col}, col.f.name, nil
	}
	t := e.term()
	err := t.err
	switch n := t.node.(type) {
	case nil:
		if err == nil {
			err = errZeroExpr
		}
	case dialect.As:
		return e, n.Name, err
	case dialect.Column:
		return e, n.Name, err
	}
	return e, "", err
}
