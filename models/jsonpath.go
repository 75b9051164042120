package models

import (
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A JSONPath is a place inside the documents of a JSON column: what [Path] makes.
type JSONPath struct {
	node dialect.JSONPath
	col  *column
	err  error
}

// Path names a place inside a JSON column: a string is a member's name, an int the index
// of an element, from 0, or from the end if it is negative.
//
//	models.Path(&userT.Settings, "theme", "dark").Bool().Eq(true)
//
// Where the place does not exist, and where something of another type is there, all
// values are NULL.
func Path[J any](p *J, keys ...any) JSONPath {
	col, err := columnAt(p)
	switch {
	case err != nil:
		return JSONPath{err: err}
	case col.c.kind != schema.JSON:
		return JSONPath{err: fmt.Errorf("models: Path: %s is %s, not JSON", col.f.path, col.c.kind)}
	case len(keys) == 0:
		return JSONPath{err: fmt.Errorf("models: Path of %s without a name or index", col.f.path)}
	}
	for _, k := range keys {
		switch k.(type) {
		case string, int:
		default:
			return JSONPath{err: fmt.Errorf("models: Path of %s: %T is neither a name (string) nor an index (int)", col.f.path, k)}
		}
	}
	return JSONPath{node: dialect.JSONPath{X: col.node(), Path: append([]any{}, keys...)}, col: col}
}

// Text is the value as text: of a string its content, of a number or bool its JSON text.
// Of an object or array it is JSON text too, in whatever form the database writes it.
func (p JSONPath) Text() Expr[string] { return jsonExpr[string](p, dialect.JSONText) }

// Int is the value of a number without its fraction.
func (p JSONPath) Int() Expr[int64] { return jsonExpr[int64](p, dialect.JSONInt) }

// Float is the value of a number.
func (p JSONPath) Float() Expr[float64] { return jsonExpr[float64](p, dialect.JSONFloat) }

// Bool is the value of true and false.
func (p JSONPath) Bool() Expr[bool] { return jsonExpr[bool](p, dialect.JSONBool) }

// Exists is true where something is there, even null.
func (p JSONPath) Exists() Cond {
	n := p.node
	n.As = dialect.JSONExists
	return Cond{node: n, err: p.err}
}

func jsonExpr[V any](p JSONPath, as dialect.JSONAs) Expr[V] {
	c, _ := codecFor(reflect.TypeFor[V](), false)
	p.node.As = as
	return Expr[V]{x: term{node: p.node, c: c, col: p.col, err: p.err}}
}
