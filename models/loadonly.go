package models

import (
	"errors"
	"fmt"
	"slices"
)

// LoadOnly loads only these columns of the relation's objects; see [Query.LoadOnly].
func LoadOnly(cols ...any) LoadOption { return pickOption{"LoadOnly", cols, false} }

// Defer loads all columns of the relation's objects but these; see [Query.LoadOnly].
func Defer(cols ...any) LoadOption { return pickOption{"Defer", cols, true} }

// LoadOnly reads only these columns of the query's objects, given by their addresses.
// Along come those that objects can not do without: the key, foreign keys, and what
// relations, version and softdelete need. A further call replaces the choice.
//
// A field that was not loaded has its zero value; nothing can tell a program that reads
// it. A flush does not write it, unless the program gave it another value than zero, set
// it with [Set], or named it in [Touch].
// [Session.Refresh] fills it, and so does in a session the next read of all columns of an
// object that is expired; other reads leave an object alone that the session has.
//
// It needs a struct with a [Model] or a relation, in which it is remembered what is
// missing.
func (q Query[R]) LoadOnly(cols ...any) Query[R] {
	return Query[R]{q: q.q.pick(pickOption{"LoadOnly", cols, false})}
}

// Defer reads all columns but these; see [Query.LoadOnly]. Further calls add to them.
func (q Query[R]) Defer(cols ...any) Query[R] {
	return Query[R]{q: q.q.pick(pickOption{"Defer", cols, true})}
}

// pickOption chooses columns.
type pickOption struct {
	name  string
	cols  []any
	leave bool
}

func (o pickOption) refine(l *Loading) (err error) {
	ex := l.excerpt
	ex.t = l.rel.target
	l.excerpt, err = ex.pick(o)
	return err
}

//go:noinline
func (q *query) pick(o pickOption) *query {
	return q.with(func(n *query) error {
		if err := n.only(o.name, selectQuery); err != nil {
			return err
		}
		e, ok := n.rows.(interface {
			picked(o pickOption) (reader, excerpt, error)
		})
		if !ok {
			return fmt.Errorf("models: %s: only objects have columns to leave out: ask for them with From", o.name)
		}
		picked, ex, err := e.picked(o)
		if err == nil {
			n.rows, n.sel.Columns = picked, ex.columns(n.source())
		}
		return err
	})
}

func (e entity) picked(o pickOption) (reader, excerpt, error) {
	ex, err := e.excerpt.pick(o)
	return entity{ex, e.maker}, ex, err
}

// chosen lists the fields that are read; nil: all.
func (e entity) chosen() []*field { return e.only }

// lacks reports an order by something that is not loaded.
func (e entity) lacks(k *keyset) error {
	for _, t := range k.terms {
		if e.partial.lacks(t.f) {
			return fmt.Errorf("models: Each goes on behind the last row, so it needs %s, by which the query is ordered: load it", t.f.path)
		}
	}
	return nil
}

// pick returns e with other columns.
func (e excerpt) pick(o pickOption) (excerpt, error) {
	t := e.t
	switch {
	case len(t.key) == 0:
		return e, fmt.Errorf("models: %s: rows of a derived query are no objects of a table: select what you need there", o.name)
	case !t.hasOrigin:
		return e, fmt.Errorf("models: %s: %s can not remember what was left out: embed models.Model", o.name, t.typ.Name())
	case len(o.cols) == 0:
		return e, errors.New("models: " + o.name + " without columns")
	}
	named := make([]bool, len(t.fields))
	for _, c := range o.cols {
		col, err := columnOf(c)
		if err != nil {
			return e, err
		}
		if col.t != t {
			return e, fmt.Errorf("models: %s: %s is no column of %s", o.name, col.f.path, t.typ.Name())
		}
		named[col.f.pos] = true
	}
	from := t.fields
	if o.leave {
		from = e.fields()
	}
	var only []*field
	for _, f := range from {
		if named[f.pos] != o.leave || t.needs(f) {
			only = append(only, f)
		}
	}
	return e.of(only), nil
}

// of returns e with just these fields, which are in the order of the table.
func (e excerpt) of(only []*field) excerpt {
	if e.only, e.partial = only, nil; len(only) == len(e.t.fields) {
		e.only = nil
		return e
	}
	e.partial = &partial{left: make([]bool, len(e.t.fields))}
	for _, f := range e.t.fields {
		e.partial.left[f.pos] = !slices.Contains(only, f)
	}
	return e
}

// with returns e with a field in it.
func (e excerpt) with(f *field) excerpt {
	if !e.partial.lacks(f) {
		return e
	}
	only := append(clip(e.only), f)
	slices.SortFunc(only, func(a, b *field) int { return a.pos - b.pos })
	return e.of(only)
}

// needs reports whether objects of t are not complete without a field.
func (t *table) needs(f *field) bool {
	if t.isKey(f) || f.refers || f == t.version || f == t.soft {
		return true
	}
	for _, rel := range t.relations {
		if rel.ready() == nil && rel.near() == f {
			return true
		}
	}
	return false
}
