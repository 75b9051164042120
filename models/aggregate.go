package models

import (
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

var (
	int64Codec, _    = codecFor(reflect.TypeFor[int64](), false)
	float64Codec, _  = codecFor(reflect.TypeFor[float64](), false)
	boolExprCodec, _ = codecFor(reflect.TypeFor[bool](), false)
)

// Count counts the rows in which e is not NULL.
func (e Expr[V]) Count() Expr[int64] { return apply[V, int64](e, "COUNT", false, int64Codec) }

// CountDistinct counts the different values of e.
func (e Expr[V]) CountDistinct() Expr[int64] { return apply[V, int64](e, "COUNT", true, int64Codec) }

// Sum adds e up, see the function [Sum]. It is an error unless e is a number.
func (e Expr[V]) Sum() Expr[V] {
	if e = e.number("Sum"); e.err != nil {
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

// Avg is the mean of e, see the function [Avg]. It is an error unless e is a number.
func (e Expr[V]) Avg() Expr[float64] {
	s := apply[V, float64](e.number("Avg"), "AVG", false, float64Codec)
	s.node = dialect.Cast{X: s.node, To: schema.Type{Kind: schema.Float64}}
	return s
}

// Min is the smallest value of e, NULL without rows.
func (e Expr[V]) Min() Expr[V] { return apply[V, V](e, "MIN", false, e.c) }

// Max is the greatest value of e, NULL without rows.
func (e Expr[V]) Max() Expr[V] { return apply[V, V](e, "MAX", false, e.c) }

// Filter makes an aggregate look only at the rows for which all conditions are true:
// CountRows().Filter(Eq(&userT.Active, true)). It is an error on anything but an
// aggregate.
func (e Expr[V]) Filter(conds ...Cond) Expr[V] {
	nodes, err := nodesOf(conds)
	if e.err == nil {
		e.err = err
	}
	e.node = dialect.Filtered{X: e.node, Where: dialect.Logic{Op: "AND", Kids: nodes}}
	e.sub = append(clip(e.sub), subOf(conds)...)
	return e
}

// number makes e an error unless it is a number.
func (e Expr[V]) number(what string) Expr[V] {
	if e = e.checked(); e.err == nil && (!e.c.kind.Integer() && e.c.kind != schema.Float32 && e.c.kind != schema.Float64) {
		e.err = fmt.Errorf("models: %s is for numbers, not for %s", what, reflect.TypeFor[V]())
	}
	return e
}

// text makes e an error unless it is a text.
func (e Expr[V]) text(what string) Expr[V] {
	if e = e.checked(); e.err == nil && e.c.kind != schema.Text {
		e.err = fmt.Errorf("models: %s is for texts, not for %s", what, reflect.TypeFor[V]())
	}
	return e
}
