package models

import "reflect"

var (
	int64Codec, _    = codecFor(reflect.TypeFor[int64](), false)
	float64Codec, _  = codecFor(reflect.TypeFor[float64](), false)
	boolExprCodec, _ = codecFor(reflect.TypeFor[bool](), false)
)

// Count counts the rows in which e is not NULL.
func (e Expr[V]) Count() Expr[int64] { return Expr[int64]{x: e.x.apply("COUNT", false, int64Codec)} }

// CountDistinct counts the different values of e.
func (e Expr[V]) CountDistinct() Expr[int64] {
	return Expr[int64]{x: e.x.apply("COUNT", true, int64Codec)}
}

// Sum adds e up, see the function [Sum]. It is an error unless e is a number.
func (e Expr[V]) Sum() Expr[V] { return Expr[V]{x: e.x.sum()} }

// Avg is the mean of e, see the function [Avg]. It is an error unless e is a number.
func (e Expr[V]) Avg() Expr[float64] { return Expr[float64]{x: e.x.avg()} }

// Min is the smallest value of e, NULL without rows.
func (e Expr[V]) Min() Expr[V] { return Expr[V]{x: e.x.apply("MIN", false, e.x.c)} }

// Max is the greatest value of e, NULL without rows.
func (e Expr[V]) Max() Expr[V] { return Expr[V]{x: e.x.apply("MAX", false, e.x.c)} }

// Filter makes an aggregate look only at the rows for which all conditions are true:
// CountRows().Filter(Eq(&userT.Active, true)). It is an error on anything but an
// aggregate.
func (e Expr[V]) Filter(conds ...Cond) Expr[V] { return Expr[V]{x: e.x.filter(conds)} }
