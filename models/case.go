package models

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A Branch is one branch of a [Case].
type Branch[V any] struct {
	cond Cond
	then Expr[V]
}

// When is a branch of [Case]: v where c is true.
func When[V any](c Cond, v V) Branch[V] { return Branch[V]{c, Val(v)} }

// WhenExpr is [When] with an expression.
func WhenExpr[V any](c Cond, e Expr[V]) Branch[V] { return Branch[V]{c, e} }

// A Switch is a [Case] that waits for its Else or End.
type Switch[V any] struct{ e Expr[V] }

// Case chooses by conditions; the first branch whose condition is true counts:
//
//	models.Case(models.When(models.Gt(&postT.Views, 1000), "hot")).Else("cold")
func Case[V any](branches ...Branch[V]) Switch[V] {
	e := Expr[V]{}
	if len(branches) == 0 {
		e.err = errors.New("models: Case without When")
		return Switch[V]{e}
	}
	var c dialect.Case
	for i, b := range branches {
		nodes, err := nodesOf([]Cond{b.cond})
		if err == nil {
			err = b.then.err
		}
		if err == nil && b.then.node == nil {
			err = errZeroExpr
		}
		if err != nil {
			e.err = err
			return Switch[V]{e}
		}
		if i == 0 {
			e.c = b.then.c
		}
		if e.col == nil {
			e.col = b.then.col
		}
		e.sub = append(append(e.sub, b.cond.sub...), b.then.sub...)
		c.Whens = append(c.Whens, dialect.When{Cond: nodes[0], Then: b.then.node})
	}
	e.node = c
	return Switch[V]{e}
}

// Else ends a Case with a value for all other rows.
func (s Switch[V]) Else(v V) Expr[V] {
	if s.e.err != nil {
		return s.e
	}
	val, err := encode(s.e.c, &v)
	s.e.err = err
	return s.otherwise(dialect.Typed{Value: val, Type: schema.Type{Kind: s.e.c.kind}})
}

// ElseExpr ends a Case with an expression for all other rows.
func (s Switch[V]) ElseExpr(e Expr[V]) Expr[V] {
	s.e = s.e.join(e)
	if s.e.err != nil {
		return s.e
	}
	return s.otherwise(e.node)
}

// End ends a Case that is NULL for all other rows; read it as [Nullable].
func (s Switch[V]) End() Expr[V] { return s.e }

func (s Switch[V]) otherwise(n dialect.Node) Expr[V] {
	c := s.e.node.(dialect.Case)
	c.Else = n
	s.e.node = c
	return s.e
}
