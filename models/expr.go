package models

import (
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// An Expr is an expression whose value is a V: a column lifted by [Col], or what
// functions such as [Sum] make of one. Expressions are immutable. A mistake made while
// building one travels along and comes out of the verb.
type Expr[V any] struct {
	node dialect.Node
	c    *codec
	col  *column // the first column in it: its table is the one selected from
	err  error
	sub  []*table // that its subqueries read
}

// An Order is one term of OrderBy.
type Order struct {
	node dialect.Node
	err  error
	sub  []*table
}

// Col lifts a column into an expression.
func Col[V any](p *V) Expr[V] {
	col, err := columnAt(p)
	if err != nil {
		return Expr[V]{err: err}
	}
	return Expr[V]{node: col.node(), c: col.c, col: col}
}

// Asc orders by a column, smallest first. Where NULLs come differs: last on Postgres,
// first on SQLite.
func Asc[V any](p *V) Order { return Col(p).Asc() }

// Desc orders by a column, greatest first.
func Desc[V any](p *V) Order { return Col(p).Desc() }

// Asc orders by the expression, smallest first.
func (e Expr[V]) Asc() Order {
	e = e.checked()
	return Order{dialect.Order{X: e.node}, e.err, e.sub}
}

// Desc orders by the expression, greatest first.
func (e Expr[V]) Desc() Order {
	e = e.checked()
	return Order{dialect.Order{X: e.node, Desc: true}, e.err, e.sub}
}

// As names the expression's column in the result.
func (e Expr[V]) As(name string) Expr[V] {
	e.node = dialect.As{X: e.node, Name: name}
	return e
}

// Eq is e = v; see the function [Eq] for NULL.
func (e Expr[V]) Eq(v V) Cond { return e.compare("=", v) }

// Ne is e <> v.
func (e Expr[V]) Ne(v V) Cond { return e.compare("<>", v) }

// Lt is e < v.
func (e Expr[V]) Lt(v V) Cond { return e.compare("<", v) }

// Le is e <= v.
func (e Expr[V]) Le(v V) Cond { return e.compare("<=", v) }

// Gt is e > v.
func (e Expr[V]) Gt(v V) Cond { return e.compare(">", v) }

// Ge is e >= v.
func (e Expr[V]) Ge(v V) Cond { return e.compare(">=", v) }

// checked makes the zero Expr an error.
func (e Expr[V]) checked() Expr[V] {
	if e.err == nil && (e.node == nil || e.c == nil) {
		e.err = errZeroExpr
	}
	return e
}

func (e Expr[V]) compare(op string, v V) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	return e.cond(compareNode(e.node, e.c, op, v))
}

// cond makes c a condition about e.
func (e Expr[V]) cond(c Cond) Cond {
	c.sub = e.sub
	return c
}

// EqExpr is e = f.
func (e Expr[V]) EqExpr(f Expr[V]) Cond {
	return e.compareExpr("=", f)
}

// In is true where e is one of vs.
func (e Expr[V]) In(vs ...V) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	return e.cond(inNode(e.node, e.c, vs, false))
}

// IsNull is true where e is NULL.
func (e Expr[V]) IsNull() Cond {
	e = e.checked()
	return Cond{dialect.Null{X: e.node}, e.err, e.sub}
}

// apply makes a function of expression e.
func apply[V, W any](e Expr[V], name string, distinct bool, result *codec) Expr[W] {
	e = e.checked()
	return Expr[W]{node: dialect.Call{Name: name, Distinct: distinct, Args: []dialect.Node{e.node}}, c: result, col: e.col, err: e.err, sub: e.sub}
}

// CountOf counts the rows whose column is not NULL.
func CountOf[V any](p *V) Expr[int64] { return Col(p).Count() }

// CountDistinct counts the different values of a column.
func CountDistinct[V any](p *V) Expr[int64] { return Col(p).CountDistinct() }

// CountRows counts rows. It names no table, so a query that selects it alone needs
// [Query.From].
func CountRows() Expr[int64] {
	return Expr[int64]{node: dialect.Call{Name: "COUNT", Args: []dialect.Node{dialect.Star{}}}, c: int64Codec}
}

// A Number is a type that can be summed up.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Sum adds a column up: integers to an int64, floating-point numbers to a float64. The sum of
// no rows is NULL in SQL; [Coalesce] gives it a value.
func Sum[V Number](p *V) Expr[V] { return Col(p).Sum() }

// Avg is the mean of a column, NULL without rows.
func Avg[V Number](p *V) Expr[float64] { return Col(p).Avg() }

// Min is the smallest value of a column, NULL without rows.
func Min[V any](p *V) Expr[V] { return Col(p).Min() }

// Max is the greatest value of a column, NULL without rows.
func Max[V any](p *V) Expr[V] { return Col(p).Max() }

// Coalesce is e, or instead where e is NULL.
func Coalesce[V any](e Expr[V], instead V) Expr[V] {
	if e = e.checked(); e.err != nil {
		return e
	}
	v, err := encode(e.c, &instead)
	if err != nil {
		return Expr[V]{err: err}
	}
	e.node = dialect.Call{Name: "COALESCE", Args: []dialect.Node{e.node, dialect.Param{Value: v}}}
	return e
}

// Nullable lets e be NULL in the result, as a nil pointer: for columns of a LEFT JOIN and
// for aggregates without rows.
func Nullable[V any](e Expr[V]) Expr[*V] {
	if e = e.checked(); e.err != nil {
		return Expr[*V]{err: e.err}
	}
	return Expr[*V]{node: e.node, c: pointerCodec(reflect.TypeFor[*V](), e.c), col: e.col, sub: e.sub}
}
