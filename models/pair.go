package models

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A Pair is two columns that are compared as one value, the first difference deciding:
// (a, b) > (1, 2) is true where a > 1, and where a = 1 and b > 2. Make one with [PairOf].
type Pair[A, B any] struct {
	_   [0]func(A, B) // as in Query
	row rowValue
}

// A Triple is three columns that are compared as one value; see [Pair].
type Triple[A, B, C any] struct {
	_   [0]func(A, B, C) // as in Query
	row rowValue
}

// PairOf makes a row value of two columns, for a composite key or for reading on behind a
// row:
//
//	models.PairOf(&seatT.RoomCode, &seatT.Row).In(models.Row2[string, int]{"A1", 3}, …)
func PairOf[A, B any](a *A, b *B) Pair[A, B] {
	return Pair[A, B]{row: rowValueOf(Col(a), Col(b))}
}

// TripleOf makes a row value of three columns.
func TripleOf[A, B, C any](a *A, b *B, c *C) Triple[A, B, C] {
	return Triple[A, B, C]{row: rowValueOf(Col(a), Col(b), Col(c))}
}

// rowValue is a row value with the codecs of its parts.
type rowValue struct {
	nodes  dialect.Tuple
	codecs []*codec
	err    error
}

func rowValueOf(parts ...expression) (v rowValue) {
	for _, p := range parts {
		x := p.term()
		v.err = errors.Join(v.err, x.err)
		v.nodes, v.codecs = append(v.nodes, x.node), append(v.codecs, x.c)
	}
	return v
}

var errZeroRow = errors.New("models: a zero Pair or Triple names no columns: make it with PairOf or TripleOf")

// values encodes what the row value is compared with.
func (v rowValue) values(ptrs ...func(c *codec) (driver.Value, error)) ([]driver.Value, error) {
	if v.err == nil && v.nodes == nil {
		v.err = errZeroRow
	}
	if v.err != nil {
		return nil, v.err
	}
	vals := make([]driver.Value, len(ptrs))
	for i, p := range ptrs {
		var err error
		if vals[i], err = p(v.codecs[i]); err != nil {
			return nil, err
		}
		if vals[i].Kind() == driver.KindNull {
			return nil, errors.New("models: NULL is neither equal to nor smaller nor greater than anything: compare the columns one by one, with IsNull")
		}
	}
	return vals, nil
}

// boxed encodes x when its codec is known.
func boxed[V any](x V) func(c *codec) (driver.Value, error) {
	return func(c *codec) (driver.Value, error) { return encode(c, &x) }
}

func (v rowValue) compare(op string, vals []driver.Value, err error) Cond {
	if err != nil {
		return Cond{err: err}
	}
	return Cond{node: dialect.Compare{L: v.nodes, Op: op, R: paramsOf(vals)}}
}

func (v rowValue) in(not bool, rows [][]driver.Value, err error) Cond {
	switch {
	case err == nil && v.nodes == nil:
		err = errors.Join(v.err, errZeroRow)
	case err == nil:
		err = v.err
	}
	return Cond{node: dialect.InRows{X: v.nodes, Rows: rows, Not: not}, err: err}
}

func paramsOf(vals []driver.Value) (t dialect.Tuple) {
	for _, v := range vals {
		t = append(t, dialect.Param{Value: v})
	}
	return t
}

func (p Pair[A, B]) compare(op string, a A, b B) Cond {
	vals, err := p.row.values(boxed(a), boxed(b))
	return p.row.compare(op, vals, err)
}

// Eq is (a, b) = the values.
func (p Pair[A, B]) Eq(a A, b B) Cond { return p.compare("=", a, b) }

// Ne is (a, b) <> the values.
func (p Pair[A, B]) Ne(a A, b B) Cond { return p.compare("<>", a, b) }

// Lt is (a, b) < the values.
func (p Pair[A, B]) Lt(a A, b B) Cond { return p.compare("<", a, b) }

// Le is (a, b) <= the values.
func (p Pair[A, B]) Le(a A, b B) Cond { return p.compare("<=", a, b) }

// Gt is (a, b) > the values.
func (p Pair[A, B]) Gt(a A, b B) Cond { return p.compare(">", a, b) }

// Ge is (a, b) >= the values.
func (p Pair[A, B]) Ge(a A, b B) Cond { return p.compare(">=", a, b) }

// In is true where (a, b) is one of rows; for none if there are none.
func (p Pair[A, B]) In(rows ...Row2[A, B]) Cond { return p.among(rows, false) }

// NotIn is true where (a, b) is none of rows.
func (p Pair[A, B]) NotIn(rows ...Row2[A, B]) Cond { return p.among(rows, true) }

func (p Pair[A, B]) among(rows []Row2[A, B], not bool) Cond {
	all := make([][]driver.Value, len(rows))
	for i, r := range rows {
		vals, err := p.row.values(boxed(r.A), boxed(r.B))
		if err != nil {
			return Cond{err: err}
		}
		all[i] = vals
	}
	return p.row.in(not, all, nil)
}

// InQuery is true where (a, b) is one of the rows of a query made with [Select2].
func (p Pair[A, B]) InQuery(q Query[Row2[A, B]]) Cond { return inRows(p.row, q, "InQuery") }

func (t Triple[A, B, C]) compare(op string, a A, b B, c C) Cond {
	vals, err := t.row.values(boxed(a), boxed(b), boxed(c))
	return t.row.compare(op, vals, err)
}

// Eq is (a, b, c) = the values.
func (t Triple[A, B, C]) Eq(a A, b B, c C) Cond { return t.compare("=", a, b, c) }

// Lt is (a, b, c) < the values.
func (t Triple[A, B, C]) Lt(a A, b B, c C) Cond { return t.compare("<", a, b, c) }

// Le is (a, b, c) <= the values.
func (t Triple[A, B, C]) Le(a A, b B, c C) Cond { return t.compare("<=", a, b, c) }

// Gt is (a, b, c) > the values.
func (t Triple[A, B, C]) Gt(a A, b B, c C) Cond { return t.compare(">", a, b, c) }

// Ge is (a, b, c) >= the values.
func (t Triple[A, B, C]) Ge(a A, b B, c C) Cond { return t.compare(">=", a, b, c) }

// In is true where (a, b, c) is one of rows; for none if there are none.
func (t Triple[A, B, C]) In(rows ...Row3[A, B, C]) Cond {
	all := make([][]driver.Value, len(rows))
	for i, r := range rows {
		vals, err := t.row.values(boxed(r.A), boxed(r.B), boxed(r.C))
		if err != nil {
			return Cond{err: err}
		}
		all[i] = vals
	}
	return t.row.in(false, all, nil)
}

// InQuery is true where (a, b, c) is one of the rows of a query made with [Select3].
func (t Triple[A, B, C]) InQuery(q Query[Row3[A, B, C]]) Cond { return inRows(t.row, q, "InQuery") }

func inRows[R any](v rowValue, q Query[R], what string) Cond {
	sel, tables, err := q.q.nested(what)
	switch {
	case err == nil && v.nodes == nil:
		err = errors.Join(v.err, errZeroRow)
	case err == nil && v.err != nil:
		err = v.err
	case err == nil && len(sel.Columns) != len(v.nodes):
		err = fmt.Errorf("models: %s: the query has %d columns, %d are compared", what, len(sel.Columns), len(v.nodes))
	}
	return Cond{node: dialect.InQuery{X: v.nodes, Query: sel}, err: err, sub: slices.Clone(tables)}
}
