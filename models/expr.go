package models

import (
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// An Expr is an expression whose value is a V: a column lifted by [Col], or what
// functions such as [Sum] make of one. Expressions are immutable. A mistake made while
// building one travels along and comes out of the verb.
type Expr[V any] struct {
	_ [0]*V // as in Query
	x term
}

// An Order is one term of OrderBy.
type Order struct {
	node dialect.Node
	err  error
	sub  []*table
}

// Col lifts a column into an expression.
func Col[V any](p *V) Expr[V] { return Expr[V]{x: columnTerm(unsafe.Pointer(p), reflect.TypeFor[V]())} }

// Asc orders by a column, smallest first. Where NULLs come differs: last on Postgres,
// first on SQLite.
func Asc[V any](p *V) Order { return columnTerm(unsafe.Pointer(p), reflect.TypeFor[V]()).order(false) }

// Desc orders by a column, greatest first.
func Desc[V any](p *V) Order { return columnTerm(unsafe.Pointer(p), reflect.TypeFor[V]()).order(true) }

// Asc orders by the expression, smallest first.
func (e Expr[V]) Asc() Order { return e.x.order(false) }

// Desc orders by the expression, greatest first.
func (e Expr[V]) Desc() Order { return e.x.order(true) }

// As names the expression's column in the result.
func (e Expr[V]) As(name string) Expr[V] { return Expr[V]{x: e.x.as(name)} }

// Eq is e = v; see the function [Eq] for NULL.
func (e Expr[V]) Eq(v V) Cond { return e.x.compare("=", unsafe.Pointer(&v)) }

// Ne is e <> v.
func (e Expr[V]) Ne(v V) Cond { return e.x.compare("<>", unsafe.Pointer(&v)) }

// Lt is e < v.
func (e Expr[V]) Lt(v V) Cond { return e.x.compare("<", unsafe.Pointer(&v)) }

// Le is e <= v.
func (e Expr[V]) Le(v V) Cond { return e.x.compare("<=", unsafe.Pointer(&v)) }

// Gt is e > v.
func (e Expr[V]) Gt(v V) Cond { return e.x.compare(">", unsafe.Pointer(&v)) }

// Ge is e >= v.
func (e Expr[V]) Ge(v V) Cond { return e.x.compare(">=", unsafe.Pointer(&v)) }

// EqExpr is e = f.
func (e Expr[V]) EqExpr(f Expr[V]) Cond { return e.x.compareTerm("=", f.x) }

// In is true where e is one of vs.
func (e Expr[V]) In(vs ...V) Cond { return e.x.in(listOf(vs), false) }

// IsNull is true where e is NULL.
func (e Expr[V]) IsNull() Cond { return e.x.null(false) }

// CountOf counts the rows whose column is not NULL.
func CountOf[V any](p *V) Expr[int64] { return Col(p).Count() }

// CountDistinct counts the different values of a column.
func CountDistinct[V any](p *V) Expr[int64] { return Col(p).CountDistinct() }

// CountRows counts rows. It names no table, so a query that selects it alone needs
// [Query.From].
func CountRows() Expr[int64] {
	return Expr[int64]{x: term{node: dialect.Call{Name: "COUNT", Args: []dialect.Node{dialect.Star{}}}, c: int64Codec}}
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
	return Expr[V]{x: e.x.orValue("COALESCE", unsafe.Pointer(&instead))}
}

// Nullable lets e be NULL in the result, as a nil pointer: for columns of a LEFT JOIN and
// for aggregates without rows.
func Nullable[V any](e Expr[V]) Expr[*V] { return Expr[*V]{x: e.x.nullable(reflect.TypeFor[*V]())} }
