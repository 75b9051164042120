package models

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// Val is a plain value as an expression, for functions that take one.
func Val[V any](v V) Expr[V] {
	c, err := codecOf(v)
	if err != nil {
		return Expr[V]{err: err}
	}
	val, err := encode(c, &v)
	return Expr[V]{node: dialect.Typed{Value: val, Type: schema.Type{Kind: c.kind}}, c: c, err: err}
}

// Plus is a + b. Both databases calculate with the type of the operands: an overflow is
// an error on Postgres, on SQLite the result is a float then, which does not fit into an
// integer and is an error when it is read.
func Plus[V Number](a, b Expr[V]) Expr[V] { return a.binary("+", b) }

// Minus is a - b; see [Plus].
func Minus[V Number](a, b Expr[V]) Expr[V] { return a.binary("-", b) }

// Times is a * b; see [Plus].
func Times[V Number](a, b Expr[V]) Expr[V] { return a.binary("*", b) }

// Div is a / b, of integers without the fraction. To divide by zero is an error on
// Postgres and NULL on SQLite; [NullIf] makes it NULL on both: Div(a, NullIf(b, 0)).
func Div[V Number](a, b Expr[V]) Expr[V] { return a.binary("/", b) }

// Mod is the remainder of a / b, with the sign of a. It is an error unless both are
// integers. See [Div] for zero.
func Mod[V Number](a, b Expr[V]) Expr[V] { return a.integer("Mod").binary("%", b) }

// Plus is e + v; see the function [Plus]. It is an error unless e is a number.
func (e Expr[V]) Plus(v V) Expr[V] { return e.number("Plus").value("+", v) }

// Minus is e - v. It is an error unless e is a number.
func (e Expr[V]) Minus(v V) Expr[V] { return e.number("Minus").value("-", v) }

// Times is e * v. It is an error unless e is a number.
func (e Expr[V]) Times(v V) Expr[V] { return e.number("Times").value("*", v) }

// Div is e / v; see the function [Div]. It is an error unless e is a number.
func (e Expr[V]) Div(v V) Expr[V] { return e.number("Div").value("/", v) }

// Mod is the remainder of e / v; see the function [Mod]. It is an error unless e is an
// integer.
func (e Expr[V]) Mod(v V) Expr[V] { return e.integer("Mod").value("%", v) }

// Neg is -e. It is an error unless e is a number.
func (e Expr[V]) Neg() Expr[V] {
	e = e.number("Neg")
	e.node = dialect.Minus{X: e.node}
	return e
}

// integer makes e an error unless it is an integer.
func (e Expr[V]) integer(what string) Expr[V] {
	if e = e.number(what); e.err == nil && !e.c.kind.Integer() {
		e.err = errors.New("models: " + what + " is for integers")
	}
	return e
}

// binary is e op f.
func (e Expr[V]) binary(op string, f Expr[V]) Expr[V] {
	e = e.join(f)
	e.node = dialect.Binary{L: e.node, Op: op, R: f.node}
	return e
}

// value is e op v.
func (e Expr[V]) value(op string, v V) Expr[V] {
	if e.err != nil {
		return e
	}
	val, err := encode(e.c, &v)
	e.err = err
	e.node = dialect.Binary{L: e.node, Op: op, R: dialect.Param{Value: val}}
	return e
}

// join notes what f brings along besides its node.
func (e Expr[V]) join(f Expr[V]) Expr[V] {
	switch {
	case e.err != nil:
	case f.err != nil:
		e.err = f.err
	case e.node == nil || f.node == nil:
		e.err = errZeroExpr
	}
	if e.col == nil {
		e.col = f.col
	}
	e.sub = append(clip(e.sub), f.sub...)
	return e
}
