package models

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// ToExpr sets a column to an expression, which may use the row's columns as they were:
// ToExpr(&userT.Logins, Col(&userT.Logins).Plus(1)). An aggregate needs a subquery, see
// [Sub].
func ToExpr[V any](p *V, e Expr[V]) Assign {
	return assignTerm(unsafe.Pointer(p), reflect.TypeFor[V](), e.x)
}

func assignTerm(p unsafe.Pointer, typ reflect.Type, e term) Assign {
	col, err := columnAs(p, typ)
	if err == nil {
		err = e.checked().err
	}
	if err != nil {
		return Assign{err: err}
	}
	return Assign{set: dialect.Assign{Column: col.f.name, Value: e.node}, col: col, sub: e.sub}
}

// Excluded is the value that an INSERT tried to give a column; it is for
// [Conflict.DoUpdate].
func Excluded[V any](p *V) Expr[V] {
	e := Col(p)
	if e.x.err == nil {
		e.x.node = dialect.Excluded{Name: e.x.col.f.name}
	}
	return e
}

// assignments checks that as are columns of source.
func assignments(what string, source *dialect.Source, as []Assign) (out []dialect.Assign, sub []*table, err error) {
	for _, a := range as {
		if a.err != nil {
			return nil, nil, a.err
		}
		if a.col == nil || a.col.source != source {
			return nil, nil, fmt.Errorf("models: %s: %s is no column of %s", what, a.set.Column, source.As)
		}
		for _, have := range out {
			if have.Column == a.set.Column {
				return nil, nil, fmt.Errorf("models: %s: %s is set twice", what, a.set.Column)
			}
		}
		out, sub = append(out, a.set), append(sub, a.sub...)
	}
	return out, sub, nil
}
