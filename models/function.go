package models

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// Lower is e in lower case. SQLite folds the letters A to Z only.
func Lower[S ~string](e Expr[S]) Expr[S] { return Expr[S]{x: e.x.apply("LOWER", false, e.x.c)} }

// Upper is e in upper case. SQLite folds the letters a to z only.
func Upper[S ~string](e Expr[S]) Expr[S] { return Expr[S]{x: e.x.apply("UPPER", false, e.x.c)} }

// Length is the number of characters of a text, or of bytes.
func Length[S ~string | ~[]byte](e Expr[S]) Expr[int64] { return Expr[int64]{x: e.x.length()} }

// Concat is its parts one behind the other, NULL if one of them is.
func Concat[S ~string](parts ...Expr[S]) Expr[S] {
	if len(parts) == 0 {
		return Expr[S]{x: term{err: errors.New("models: Concat of nothing")}}
	}
	e := parts[0].x
	for _, p := range parts[1:] {
		e = e.binary("||", p.x)
	}
	return Expr[S]{x: e}
}

// Concat is e with text behind it. It is an error unless e is a text.
func (e Expr[V]) Concat(text V) Expr[V] {
	return Expr[V]{x: e.x.text("Concat").binary("||", Val(text).x)}
}

// Abs is e without its sign.
func Abs[V Number](e Expr[V]) Expr[V] { return Expr[V]{x: e.x.apply("ABS", false, e.x.c)} }

// Round rounds to that many decimal places, halves away from zero.
func Round[V ~float32 | ~float64](e Expr[V], places int) Expr[V] {
	return Expr[V]{x: e.x.round(places)}
}

// CoalesceExpr is the first of the expressions that is not NULL.
func CoalesceExpr[V any](e Expr[V], others ...Expr[V]) Expr[V] {
	return Expr[V]{x: e.x.coalesce(terms(others))}
}

// NullIf is e, or NULL where e is v.
func NullIf[V any](e Expr[V], v V) Expr[V] {
	return Expr[V]{x: e.x.orValue("NULLIF", unsafe.Pointer(&v))}
}

// Func calls a function of the database by its name, such as "trim" or "app.price". Of
// what it answers the program has to know that it is a V. Arguments are addresses of
// columns, expressions, or plain values. The name may come from anywhere: what is no
// identifier is an error.
func Func[V any](name string, args ...any) Expr[V] {
	return Expr[V]{x: callTerm(reflect.TypeFor[V](), name, args)}
}

func callTerm(typ reflect.Type, name string, args []any) term {
	c, err := codecFor(typ, false)
	if err != nil {
		return term{err: fmt.Errorf("models: Func: %w", err)}
	}
	if !dialect.Identifier(name) {
		return term{err: fmt.Errorf("models: Func: %q is no name of a function: want letters, digits and _, at most one dot", name)}
	}
	e := term{c: c}
	nodes := make([]dialect.Node, len(args))
	for i, a := range args {
		node, col, sub, err := operand(a)
		if err != nil {
			return term{err: err}
		}
		if e.col == nil {
			e.col = col
		}
		e.sub = append(e.sub, sub...)
		nodes[i] = node
	}
	e.node = dialect.Call{Name: name, Args: nodes, Foreign: true}
	return e
}

// operand takes the address of a column, an expression, or a plain value.
func operand(x any) (dialect.Node, *column, []*table, error) {
	if e, ok := x.(expression); ok {
		x := e.term()
		if x.err == nil && x.node == nil {
			x.err = errZeroExpr
		}
		return x.node, x.col, x.sub, x.err
	}
	v := reflect.ValueOf(x)
	if !v.IsValid() {
		return nil, nil, nil, fmt.Errorf("models: a plain nil has no type: use Val with a nil pointer")
	}
	if v.Kind() == reflect.Pointer {
		col, err := columnOf(x)
		if err != nil {
			return nil, nil, nil, err
		}
		return col.node(), col, nil, nil
	}
	c, err := codecFor(v.Type(), false)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("models: %w", err)
	}
	val, err := encodeAny(c, v)
	return dialect.Typed{Value: val, Type: schema.Type{Kind: c.kind}}, nil, nil, err
}

//go:noinline
func (e term) length() term {
	if e = e.checked(); e.err == nil && e.c.kind != schema.Text && e.c.kind != schema.Bytes {
		return term{err: fmt.Errorf("models: Length is for texts and bytes, not for %s", e.c.kind)}
	}
	return e.apply("LENGTH", false, int64Codec)
}

//go:noinline
func (e term) round(places int) term {
	if e = e.checked(); e.err == nil && (places < 0 || places > 15) {
		e.err = fmt.Errorf("models: Round to %d places: want 0 to 15", places)
	}
	e.node = dialect.Round{X: e.node, Places: places}
	return e
}

func terms[V any](es []Expr[V]) []term {
	out := make([]term, len(es))
	for i, e := range es {
		out[i] = e.x
	}
	return out
}
