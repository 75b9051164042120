package models

import (
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// Cast changes the type of an expression: Cast[string](Col(&userT.ID)). It allows what
// means the same on both databases: numbers to each other (to an integer without the
// fraction), integers and UUIDs to text, text to numbers and UUIDs, a bool to 0 or 1.
// Text that is no number is an error on Postgres, on SQLite it is what its digits in
// front say, or 0. For other casts call the database's function with [Func].
func Cast[W, V any](e Expr[V]) Expr[W] { return Expr[W]{x: e.x.cast(reflect.TypeFor[W]())} }

//go:noinline
func (e term) cast(w reflect.Type) term {
	if e = e.checked(); e.err != nil {
		return term{err: e.err}
	}
	c, err := codecFor(w, false)
	if err != nil {
		return term{err: fmt.Errorf("models: Cast: %w", err)}
	}
	out := term{c: c, col: e.col, sub: e.sub}
	from, to := e.c.kind, c.kind
	typ := schema.Type{Kind: to}
	float := func(k schema.Kind) bool { return k == schema.Float32 || k == schema.Float64 }
	switch {
	case from.Integer() && to.Integer(), to.Integer() && from == schema.Text,
		float(to) && (from.Integer() || float(from) || from == schema.Text),
		to == schema.Text && (from == schema.Text || from.Integer()):
		out.node = dialect.Cast{X: e.node, To: typ}
	case to.Integer() && float(from):
		out.node = dialect.Trunc{X: e.node, To: typ}
	case to.Integer() && from == schema.Bool:
		out.node = dialect.Cast{X: dialect.Cast{X: e.node, To: schema.Type{Kind: schema.Int32}}, To: typ}
	case to == schema.Text && from == schema.UUID, to == schema.UUID && from == schema.Text:
		// A UUID is a text on SQLite, but no type to cast to.
		out.node = dialect.Cast{X: e.node, To: schema.Type{Kind: to, SQL: map[string]string{"sqlite": "TEXT"}}}
	default:
		out.err = fmt.Errorf("models: Cast from %s to %s does not mean the same on each database: use Func", from, to)
	}
	return out
}
