package models

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A term is all of an Expr[V] but its type. Its methods are marked noinline: as with
// query.with, the compiler would put them into those of Expr[V] again, and so compile them
// for each V. Values come by their address, and are of the type of the codec.
type term struct {
	node dialect.Node
	c    *codec
	col  *column // the first column in it: its table is the one selected from
	err  error
	sub  []*table // that its subqueries read
}

// columnTerm is the column at an address.
//
//go:noinline
func columnTerm(p unsafe.Pointer, typ reflect.Type) term {
	col, err := columnAs(p, typ)
	if err != nil {
		return term{err: err}
	}
	return term{node: col.node(), c: col.c, col: col}
}

// valueTerm is a plain value.
//
//go:noinline
func valueTerm(typ reflect.Type, v unsafe.Pointer) term {
	c, err := codecFor(typ, false)
	if err != nil {
		return term{err: fmt.Errorf("models: %w", err)}
	}
	val, err := c.encode(v)
	return term{node: dialect.Typed{Value: val, Type: schema.Type{Kind: c.kind}}, c: c, err: err}
}

// checked makes the zero term an error.
//
//go:noinline
func (e term) checked() term {
	if e.err == nil && (e.node == nil || e.c == nil) {
		e.err = errZeroExpr
	}
	return e
}

//go:noinline
func (e term) order(desc bool) Order {
	e = e.checked()
	return Order{dialect.Order{X: e.node, Desc: desc}, e.err, e.sub}
}

//go:noinline
func (e term) as(name string) term {
	e.node = dialect.As{X: e.node, Name: name}
	return e
}

//go:noinline
func (e term) compare(op string, v unsafe.Pointer) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	return e.cond(compareNode(e.node, e.c, op, v))
}

// cond makes c a condition about e.
//
//go:noinline
func (e term) cond(c Cond) Cond {
	c.sub = e.sub
	return c
}

//go:noinline
func (e term) compareTerm(op string, f term) Cond {
	l := e.join(f)
	return Cond{node: dialect.Compare{L: e.node, Op: op, R: f.node}, err: l.err, sub: l.sub}
}

//go:noinline
func (e term) in(vs list, not bool) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	return e.cond(inNode(e.node, e.c, vs, not))
}

//go:noinline
func (e term) null(not bool) Cond {
	e = e.checked()
	return Cond{dialect.Null{X: e.node, Not: not}, e.err, e.sub}
}

//go:noinline
func (e term) between(lo, hi unsafe.Pointer) Cond {
	if e = e.checked(); e.err != nil {
		return Cond{err: e.err}
	}
	l, err1 := e.c.encode(lo)
	h, err2 := e.c.encode(hi)
	return e.cond(Cond{node: dialect.Between{X: e.node, Lo: dialect.Param{Value: l}, Hi: dialect.Param{Value: h}}, err: errors.Join(err1, err2)})
}

//go:noinline
func (e term) like(what, pattern string, fold bool) Cond {
	e = e.text(what)
	return Cond{node: dialect.Like{X: e.node, Pattern: pattern, Fold: fold}, err: e.err, sub: e.sub}
}

//go:noinline
func (e term) inQuery(q *query, not bool) Cond {
	sel, tables, err := q.nested("InQuery")
	switch {
	case e.checked().err != nil:
		err = e.checked().err
	case err == nil && q.column() == nil:
		err = errors.New("models: InQuery takes a query of one column: make it with Select1")
	}
	return Cond{node: dialect.InQuery{X: e.node, Query: sel, Not: not}, err: err, sub: append(clip(e.sub), tables...)}
}

// apply makes a function of e.
//
//go:noinline
func (e term) apply(name string, distinct bool, result *codec) term {
	e = e.checked()
	return term{node: dialect.Call{Name: name, Distinct: distinct, Args: []dialect.Node{e.node}}, c: result, col: e.col, err: e.err, sub: e.sub}
}

//go:noinline
func (e term) sum() term {
	if e = e.number("Sum"); e.err != nil {
		return e
	}
	to := schema.Type{Kind: schema.Int64}
	if !e.c.kind.Integer() {
		to.Kind = schema.Float64
	}
	s := e.apply("SUM", false, e.c)
	s.node = dialect.Cast{X: s.node, To: to} // Postgres sums bigint to numeric
	return s
}

//go:noinline
func (e term) avg() term {
	s := e.number("Avg").apply("AVG", false, float64Codec)
	s.node = dialect.Cast{X: s.node, To: schema.Type{Kind: schema.Float64}}
	return s
}

//go:noinline
func (e term) filter(conds []Cond) term {
	nodes, err := nodesOf(conds)
	if e.err == nil {
		e.err = err
	}
	e.node = dialect.Filtered{X: e.node, Where: dialect.Logic{Op: "AND", Kids: nodes}}
	e.sub = append(clip(e.sub), subOf(conds)...)
	return e
}

// number makes e an error unless it is a number.
//
//go:noinline
func (e term) number(what string) term {
	if e = e.checked(); e.err == nil && (!e.c.kind.Integer() && e.c.kind != schema.Float32 && e.c.kind != schema.Float64) {
		e.err = fmt.Errorf("models: %s is for numbers, not for %s", what, e.c.typ)
	}
	return e
}

// integer makes e an error unless it is an integer.
//
//go:noinline
func (e term) integer(what string) term {
	if e = e.number(what); e.err == nil && !e.c.kind.Integer() {
		e.err = errors.New("models: " + what + " is for integers")
	}
	return e
}

// text makes e an error unless it is a text.
//
//go:noinline
func (e term) text(what string) term {
	if e = e.checked(); e.err == nil && e.c.kind != schema.Text {
		e.err = fmt.Errorf("models: %s is for texts, not for %s", what, e.c.typ)
	}
	return e
}

//go:noinline
func (e term) neg() term {
	e = e.number("Neg")
	e.node = dialect.Minus{X: e.node}
	return e
}

// binary is e op f.
//
//go:noinline
func (e term) binary(op string, f term) term {
	e = e.join(f)
	e.node = dialect.Binary{L: e.node, Op: op, R: f.node}
	return e
}

// value is e op the value.
//
//go:noinline
func (e term) value(op string, v unsafe.Pointer) term {
	if e.err != nil {
		return e
	}
	val, err := e.c.encode(v)
	e.err = err
	e.node = dialect.Binary{L: e.node, Op: op, R: dialect.Param{Value: val}}
	return e
}

// join notes what f brings along besides its node.
//
//go:noinline
func (e term) join(f term) term {
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

// orValue is e, or the value where name says so: COALESCE or NULLIF.
//
//go:noinline
func (e term) orValue(name string, v unsafe.Pointer) term {
	if e = e.checked(); e.err != nil {
		return e
	}
	var val driver.Value
	if val, e.err = e.c.encode(v); e.err != nil {
		return e
	}
	e.node = dialect.Call{Name: name, Args: []dialect.Node{e.node, dialect.Param{Value: val}}}
	return e
}

//go:noinline
func (e term) coalesce(others []term) term {
	e = e.checked()
	args := []dialect.Node{e.node}
	for _, o := range others {
		e = e.join(o)
		args = append(args, o.node)
	}
	e.node = dialect.Call{Name: "COALESCE", Args: args}
	return e
}

// nullable is e read as a pointer, which is of that type.
//
//go:noinline
func (e term) nullable(typ reflect.Type) term {
	if e = e.checked(); e.err != nil {
		return term{err: e.err}
	}
	return term{node: e.node, c: pointerCodec(typ, e.c), col: e.col, sub: e.sub}
}

//go:noinline
func (e term) over(w Window) term {
	e = e.checked()
	if e.err == nil {
		e.err = w.err
	}
	e.node = dialect.Over{X: e.node, Window: w.w}
	e.sub = append(clip(e.sub), w.sub...)
	return e
}

//go:noinline
func (e term) beside(name string, n int) term {
	if n < 0 && e.err == nil {
		e.err = fmt.Errorf("models: %s by %d rows: want 0 or more", name, n)
	}
	return e.windowed(name, dialect.Number{N: int64(n)})
}

//go:noinline
func (e term) windowed(name string, more ...dialect.Node) term {
	e = e.checked()
	e.node = dialect.Ranking{Call: dialect.Call{Name: name, Args: append([]dialect.Node{e.node}, more...)}}
	return e
}
