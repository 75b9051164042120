package models

import (
	"fmt"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A keyset is an order of rows in which no two are equal, so that reading can go on
// behind any of them.
type keyset struct {
	t      *table
	source *dialect.Source
	terms  []keyTerm
}

// keyTerm is one column of a keyset.
type keyTerm struct {
	f    *field
	desc bool
}

// keysetOf returns the order of a query's rows: its OrderBy, and behind that the key of
// its table. The error says why it has none.
func keysetOf(q *query) (*keyset, error) {
	e, ok := q.rows.(interface{ table() *table })
	if !ok || q.kind != selectQuery || len(e.table().key) == 0 {
		return nil, fmt.Errorf("its rows are no objects of a table")
	}
	s := &q.sel
	if s.Distinct || len(s.DistinctOn) > 0 || len(s.GroupBy) > 0 || len(s.Having) > 0 || len(s.Parts) > 0 || len(s.Joins) > 0 || s.Offset != nil || s.Body != nil {
		return nil, fmt.Errorf("it has a Join, Offset, GroupBy, Distinct or Union")
	}
	k := &keyset{t: e.table(), source: s.From}
	desc := false
	for _, o := range s.OrderBy {
		term, ok := o.(dialect.Order)
		col, isCol := term.X.(dialect.Column)
		if !ok || !isCol || col.Source != s.From {
			return nil, fmt.Errorf("it is ordered by something else than columns of %s", k.t.facts.Name)
		}
		f := k.t.byName[col.Name]
		switch {
		case f == nil || f.kind == schema.JSON || f.kind == schema.Other:
			return nil, fmt.Errorf("%s has no order", col.Name)
		case f.nullable:
			return nil, fmt.Errorf("%s can be NULL, and the databases do not agree where NULL stands", f.path)
		}
		desc = term.Desc
		k.add(f, desc)
	}
	for _, f := range k.t.key {
		k.add(f, desc)
	}
	return k, nil
}

// add adds a term unless the terms are unique already or have its column.
func (k *keyset) add(f *field, desc bool) {
	for i := range k.terms {
		if k.terms[i].f == f {
			return
		}
	}
	if !k.unique() {
		k.terms = append(k.terms, keyTerm{f, desc})
	}
}

// unique reports whether the terms hold the whole key.
func (k *keyset) unique() bool {
	n := 0
	for i := range k.terms {
		if k.t.isKey(k.terms[i].f) {
			n++
		}
	}
	return n == len(k.t.key)
}

// orders are the terms as ORDER BY.
func (k *keyset) orders() []dialect.Node {
	out := make([]dialect.Node, len(k.terms))
	for i, t := range k.terms {
		out[i] = dialect.Order{X: k.column(t.f), Desc: t.desc}
	}
	return out
}

func (k *keyset) column(f *field) dialect.Node {
	return dialect.Column{Source: k.source, Name: f.name}
}

// values reads the terms' values of an object.
func (k *keyset) values(obj unsafe.Pointer) ([]driver.Value, error) {
	out := make([]driver.Value, len(k.terms))
	for i, t := range k.terms {
		v, err := t.f.value(obj)
		if err != nil {
			return nil, err
		}
		if v.Kind() == driver.KindBytes {
			v = driver.Bytes(append([]byte{}, v.Bytes()...))
		}
		out[i] = v
	}
	return out, nil
}

// after is the condition for rows that come behind the one with those values.
func (k *keyset) after(vals []driver.Value) dialect.Node {
	same := true
	for _, t := range k.terms {
		same = same && t.desc == k.terms[0].desc
	}
	if same { // one comparison of tuples, which an index serves
		var cols, params dialect.Tuple
		for i, t := range k.terms {
			cols, params = append(cols, k.column(t.f)), append(params, dialect.Param{Value: vals[i]})
		}
		return dialect.Compare{L: cols, Op: beyond(k.terms[0].desc), R: params}
	}
	last := len(k.terms) - 1
	cond := k.compare(last, beyond(k.terms[last].desc), vals)
	for i := last - 1; i >= 0; i-- {
		cond = dialect.Logic{Op: "OR", Kids: []dialect.Node{
			k.compare(i, beyond(k.terms[i].desc), vals),
			dialect.Logic{Op: "AND", Kids: []dialect.Node{k.compare(i, "=", vals), cond}},
		}}
	}
	return cond
}

func (k *keyset) compare(i int, op string, vals []driver.Value) dialect.Node {
	return dialect.Compare{L: k.column(k.terms[i].f), Op: op, R: dialect.Param{Value: vals[i]}}
}

func beyond(desc bool) string {
	if desc {
		return "<"
	}
	return ">"
}
