package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// ArrayHas is true for rows whose array has v. On Postgres an index of the kind GIN serves
// it and its relatives; on SQLite, where arrays are JSON, every row is looked at. A
// nullable array is named by [Opt].
func ArrayHas[S ~[]E, E any](p *S, v E) Cond { return arrayMatch("ArrayHas", p, S{v}, true) }

// ArrayHasAll is true for rows whose array has each of vs, in whatever order and number;
// for every row that is not NULL if there are none.
func ArrayHasAll[S ~[]E, E any](p *S, vs ...E) Cond {
	return arrayMatch("ArrayHasAll", p, S(vs), true)
}

// ArrayOverlaps is true for rows whose array has one of vs at least; for none if there are
// none.
func ArrayOverlaps[S ~[]E, E any](p *S, vs ...E) Cond {
	return arrayMatch("ArrayOverlaps", p, S(vs), false)
}

func arrayMatch[S ~[]E, E any](what string, p *S, vs S, all bool) Cond {
	col, err := arrayAt(what, p)
	if err != nil {
		return Cond{err: err}
	}
	val, err := encode(col.c, &vs)
	if err != nil {
		return Cond{err: err}
	}
	return Cond{node: dialect.ArrayMatch{X: col.node(), Values: val, All: all}}
}

// ArrayLength is the number of elements of an array.
func ArrayLength[S ~[]E, E any](p *S) Expr[int64] {
	col, err := arrayAt("ArrayLength", p)
	if err != nil {
		return Expr[int64]{x: term{err: err}}
	}
	return Expr[int64]{x: term{node: dialect.ArrayLength{X: col.node()}, c: int64Codec, col: col}}
}

// arrayAt is columnAt for an array: bytes and JSON documents can be slices too.
func arrayAt[S any](what string, p *S) (*column, error) {
	col, err := columnAt(p)
	if err == nil && col.c.kind != schema.Array {
		err = fmt.Errorf("models: %s: %s is no array but %s; for a JSON document use Path", what, col.f.path, col.c.kind)
	}
	return col, err
}
