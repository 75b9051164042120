package models

import (
	"reflect"
	"unsafe"
)

// Val is a plain value as an expression, for functions that take one.
func Val[V any](v V) Expr[V] { return Expr[V]{x: valueTerm(reflect.TypeFor[V](), unsafe.Pointer(&v))} }

// Plus is a + b. Both databases calculate with the type of the operands: an overflow is
// an error on Postgres, on SQLite the result is a float then, which does not fit into an
// integer and is an error when it is read.
func Plus[V Number](a, b Expr[V]) Expr[V] { return Expr[V]{x: a.x.binary("+", b.x)} }

// Minus is a - b; see [Plus].
func Minus[V Number](a, b Expr[V]) Expr[V] { return Expr[V]{x: a.x.binary("-", b.x)} }

// Times is a * b; see [Plus].
func Times[V Number](a, b Expr[V]) Expr[V] { return Expr[V]{x: a.x.binary("*", b.x)} }

// Div is a / b, of integers without the fraction. To divide by zero is an error on
// Postgres and NULL on SQLite; [NullIf] makes it NULL on both: Div(a, NullIf(b, 0)).
func Div[V Number](a, b Expr[V]) Expr[V] { return Expr[V]{x: a.x.binary("/", b.x)} }

// Mod is the remainder of a / b, with the sign of a. It is an error unless both are
// integers. See [Div] for zero.
func Mod[V Number](a, b Expr[V]) Expr[V] { return Expr[V]{x: a.x.integer("Mod").binary("%", b.x)} }

// Plus is e + v; see the function [Plus]. It is an error unless e is a number.
func (e Expr[V]) Plus(v V) Expr[V] {
	return Expr[V]{x: e.x.number("Plus").value("+", unsafe.Pointer(&v))}
}

// Minus is e - v. It is an error unless e is a number.
func (e Expr[V]) Minus(v V) Expr[V] {
	return Expr[V]{x: e.x.number("Minus").value("-", unsafe.Pointer(&v))}
}

// Times is e * v. It is an error unless e is a number.
func (e Expr[V]) Times(v V) Expr[V] {
	return Expr[V]{x: e.x.number("Times").value("*", unsafe.Pointer(&v))}
}

// Div is e / v; see the function [Div]. It is an error unless e is a number.
func (e Expr[V]) Div(v V) Expr[V] {
	return Expr[V]{x: e.x.number("Div").value("/", unsafe.Pointer(&v))}
}

// Mod is the remainder of e / v; see the function [Mod]. It is an error unless e is an
// integer.
func (e Expr[V]) Mod(v V) Expr[V] {
	return Expr[V]{x: e.x.integer("Mod").value("%", unsafe.Pointer(&v))}
}

// Neg is -e. It is an error unless e is a number.
func (e Expr[V]) Neg() Expr[V] { return Expr[V]{x: e.x.neg()} }
