package models

import "unsafe"

// NeExpr is e <> f.
func (e Expr[V]) NeExpr(f Expr[V]) Cond { return e.x.compareTerm("<>", f.x) }

// LtExpr is e < f.
func (e Expr[V]) LtExpr(f Expr[V]) Cond { return e.x.compareTerm("<", f.x) }

// LeExpr is e <= f.
func (e Expr[V]) LeExpr(f Expr[V]) Cond { return e.x.compareTerm("<=", f.x) }

// GtExpr is e > f.
func (e Expr[V]) GtExpr(f Expr[V]) Cond { return e.x.compareTerm(">", f.x) }

// GeExpr is e >= f.
func (e Expr[V]) GeExpr(f Expr[V]) Cond { return e.x.compareTerm(">=", f.x) }

// NotIn is true where e is none of vs, and not NULL unless vs is empty.
func (e Expr[V]) NotIn(vs ...V) Cond { return e.x.in(listOf(vs), true) }

// NotNull is true where e is not NULL.
func (e Expr[V]) NotNull() Cond { return e.x.null(true) }

// Between is lo <= e and e <= hi.
func (e Expr[V]) Between(lo, hi V) Cond { return e.x.between(unsafe.Pointer(&lo), unsafe.Pointer(&hi)) }

// Like compares e with a pattern, see the function [Like]. It is an error unless e is a
// text.
func (e Expr[V]) Like(pattern string) Cond { return e.x.like("Like", pattern, false) }

// ILike is Like with upper and lower case alike, see the function [ILike].
func (e Expr[V]) ILike(pattern string) Cond { return e.x.like("ILike", pattern, true) }

// Contains is true where e contains text, taken literally.
func (e Expr[V]) Contains(text string) Cond {
	return e.x.like("Contains", "%"+literally(text)+"%", false)
}

// HasPrefix is true where e begins with text, taken literally.
func (e Expr[V]) HasPrefix(text string) Cond {
	return e.x.like("HasPrefix", literally(text)+"%", false)
}

// HasSuffix is true where e ends with text, taken literally.
func (e Expr[V]) HasSuffix(text string) Cond {
	return e.x.like("HasSuffix", "%"+literally(text), false)
}
