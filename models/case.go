package models

import (
	"errors"
	"unsafe"

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
type Switch[V any] struct {
	_ [0]*V // as in Query
	e term
}

// Case chooses by conditions; the first branch whose condition is true counts:
//
//	models.Case(models.When(models.Gt(&postT.Views, 1000), "hot")).Else("cold")
func Case[V any](branches ...Branch[V]) Switch[V] {
	bs := make([]branch, len(branches))
	for i, b := range branches {
		bs[i] = branch{b.cond, b.then.x}
	}
	return Switch[V]{e: caseTerm(bs)}
}

// branch is a Branch[V] without its type.
type branch struct {
	cond Cond
	then term
}

func caseTerm(branches []branch) (e term) {
	if len(branches) == 0 {
		return term{err: errors.New("models: Case without When")}
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
			return term{err: err}
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
	return e
}

// Else ends a Case with a value for all other rows.
func (s Switch[V]) Else(v V) Expr[V] { return Expr[V]{x: s.e.otherwise(unsafe.Pointer(&v))} }

// ElseExpr ends a Case with an expression for all other rows.
func (s Switch[V]) ElseExpr(e Expr[V]) Expr[V] { return Expr[V]{x: s.e.otherwiseTerm(e.x)} }

// End ends a Case that is NULL for all other rows; read it as [Nullable].
func (s Switch[V]) End() Expr[V] { return Expr[V]{x: s.e} }

//go:noinline
func (e term) otherwise(v unsafe.Pointer) term {
	if e.err != nil {
		return e
	}
	val, err := e.c.encode(v)
	e.err = err
	return e.otherwiseNode(dialect.Typed{Value: val, Type: schema.Type{Kind: e.c.kind}})
}

//go:noinline
func (e term) otherwiseTerm(f term) term {
	if e = e.join(f); e.err != nil {
		return e
	}
	return e.otherwiseNode(f.node)
}

//go:noinline
func (e term) otherwiseNode(n dialect.Node) term {
	c := e.node.(dialect.Case)
	c.Else = n
	e.node = c
	return e
}
