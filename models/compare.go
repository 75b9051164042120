package models

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// NeExpr is e <> f.
func (e Expr[V]) NeExpr(f Expr[V]) Cond { return e.compareExpr("<>", f) }

// LtExpr is e < f.
func (e Expr[V]) LtExpr(f Expr[V]) Cond { return e.compareExpr("<", f) }

// LeExpr is e <= f.
func (e Expr[V]) LeExpr(f Expr[V]) Cond { return e.compareExpr("<=", f) }

// GtExpr is e > f.
func (e Expr[V]) GtExpr(f Expr[V]) Cond { return e.compareExpr(">", f) }

// GeExpr is e >= f.
func (e Expr[V]) GeExpr(f Expr[V]) Cond { return e.compareExpr(">=", f) }

func (e Expr[V]) compareExpr(op string, f Expr[V]) Cond {
	l := e.join(f)
	return Cond{node: dialect.Compare{L: e.node, Op: op, R: f.node}, err: l.err, sub: l.sub}
}

// NotIn is true where e is none of vs, and not NULL unless vs is empty.
func (e Expr[V]) NotIn(vs ...V) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	return e.cond(inNode(e.node, e.c, vs, true))
}

// NotNull is true where e is not NULL.
func (e Expr[V]) NotNull() Cond {
	e = e.checked()
	return Cond{dialect.Null{X: e.node, Not: true}, e.err, e.sub}
}

// Between is lo <= e and e <= hi.
func (e Expr[V]) Between(lo, hi V) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	l, err1 := encode(e.c, &lo)
	h, err2 := encode(e.c, &hi)
	return e.cond(Cond{node: dialect.Between{X: e.node, Lo: dialect.Param{Value: l}, Hi: dialect.Param{Value: h}}, err: errors.Join(err1, err2)})
}

// Like compares e with a pattern, see the function [Like]. It is an error unless e is a
// text.
func (e Expr[V]) Like(pattern string) Cond { return e.like("Like", pattern, false) }

// ILike is Like with upper and lower case alike, see the function [ILike].
func (e Expr[V]) ILike(pattern string) Cond { return e.like("ILike", pattern, true) }

// Contains is true where e contains text, taken literally.
func (e Expr[V]) Contains(text string) Cond {
	return e.like("Contains", "%"+literally(text)+"%", false)
}

// HasPrefix is true where e begins with text, taken literally.
func (e Expr[V]) HasPrefix(text string) Cond { return e.like("HasPrefix", literally(text)+"%", false) }

// HasSuffix is true where e ends with text, taken literally.
func (e Expr[V]) HasSuffix(text string) Cond { return e.like("HasSuffix", "%"+literally(text), false) }

func (e Expr[V]) like(what, pattern string, fold bool) Cond {
	e = e.text(what)
	return Cond{node: dialect.Like{X: e.node, Pattern: pattern, Fold: fold}, err: e.err, sub: e.sub}
}
