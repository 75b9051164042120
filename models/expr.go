package models

import (
	"errors"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// An Expr is an expression whose value is a V: a column lifted by [Col], or what
// functions such as [Sum] make of one. Expressions are immutable. A mistake made while
// building one travels along and comes out of the verb.
type Expr[V any] struct {
	node dialect.Node
	c    *codec
	col  *column // the first column in it: its table is the one selected from
	err  error
}

// An Order is one term of OrderBy.
type Order struct {
	node dialect.Node
	err  error
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
func (e Expr[V]) Asc() Order { return Order{dialect.Order{X: e.node}, e.err} }

// Desc orders by the expression, greatest first.
func (e Expr[V]) Desc() Order { return Order{dialect.Order{X: e.node, Desc: true}, e.err} }

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

func (e Expr[V]) compare(op string, v V) Cond {
	if e.err != nil {
		return Cond{err: e.err}
	}
	return compareNode(e.node, e.c, op, v)
}

// EqExpr is e = f.
func (e Expr[V]) EqExpr(f Expr[V]) Cond {
	return Cond{dialect.Compare{L: e.node, Op: "=", R: f.node}, errors.Join(e.err, f.err)}
}

// In is true where e is one of vs.
func (e Expr[V]) In(vs ...V) Cond {
	if e.err != nil {
		return Cond{err: e.err}
	}
	return inNode(e.node, e.c, vs, false)
}

// IsNull is true where e is NULL.
func (e Expr[V]) IsNull() Cond { return Cond{dialect.Null{X: e.node}, e.err} }

// apply makes a function of expression e.
func apply[V, W any](e Expr[V], name string, distinct bool, result *codec) Expr[W] {
	return Expr[W]{node: dialect.Call{Name: name, Distinct: distinct, Args: []dialect.Node{e.node}}, c: result, col: e.col, err: e.err}
}

var int64Codec, _ = codecFor(reflect.TypeFor[int64](), false)

// CountOf counts the rows whose column is not NULL.
func CountOf[V any](p *V) Expr[int64] { return apply[V, int64](Col(p), "COUNT", false, int64Codec) }

// CountDistinct counts the different values of a column.
func CountDistinct[V any](p *V) Expr[int64] {
	return apply[V, int64](Col(p), "COUNT", true, int64Codec)
}

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
func Sum[V Number](p *V) Expr[V] {
	e := Col(p)
	if e.err != nil {
		return e
	}
	to := schema.Type{Kind: schema.Int64}
	if !e.c.kind.Integer() {
		to.Kind = schema.Float64
	}
	s := apply[V, V](e, "SUM", false, e.c)
	s.node = dialect.Cast{X: s.node, To: to} // Postgres sums bigint to numeric
	return s
}

// Avg is the mean of a column, NULL without rows.
func Avg[V Number](p *V) Expr[float64] {
	c, _ := codecFor(reflect.TypeFor[float64](), false)
	s := apply[V, float64](Col(p), "AVG", false, c)
	s.node = dialect.Cast{X: s.node, To: schema.Type{Kind: schema.Float64}}
	return s
}

// Min is the smallest value of a column, NULL without rows.
func Min[V any](p *V) Expr[V] {
	e := Col(p)
	return apply[V, V](e, "MIN", false, e.c)
}

// Max is the greatest value of a column, NULL without rows.
func Max[V any](p *V) Expr[V] {
	e := Col(p)
	return apply[V, V](e, "MAX", false, e.c)
}

// Coalesce is e, or instead where e is NULL.
func Coalesce[V any](e Expr[V], instead V) Expr[V] {
	if e.err != nil {
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
	if e.err != nil {
		return Expr[*V]{err: e.err}
	}
	return Expr[*V]{node: e.node, c: pointerCodec(reflect.TypeFor[*V](), e.c), col: e.col}
}
