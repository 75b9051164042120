package models

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// Vals are values by the names of columns.
type Vals map[string]any

// FilterBy returns the objects of T whose columns have the given values. Names are those
// of columns; a nil asks for NULL, a slice for one of its elements, and no values at all
// for every object. An unknown name, and a value of the wrong type, are errors that name
// the column. The order is that of the key.
//
// It is for conditions that are only known at run time, such as those of a form; where
// they are known in the source, [From] and [Query.Where] are checked by the compiler.
func FilterBy[T any](ctx context.Context, h Handle, vals Vals) ([]*T, error) {
	return valueAt[[]*T](filterBy(ctx, h, reflect.TypeFor[T](), makerOf[T](), vals))
}

func filterBy(ctx context.Context, h Handle, typ reflect.Type, m maker, vals Vals) (unsafe.Pointer, error) {
	return perform(ctx, h, func(t Target) steps { return askRows(t, every(t, typ, m).filterBy(vals), wantAll) })
}

// CountAll returns the number of objects of T.
func CountAll[T any](ctx context.Context, h Handle) (int64, error) {
	return countAll(ctx, h, reflect.TypeFor[T](), makerOf[T]())
}

func countAll(ctx context.Context, h Handle, typ reflect.Type, m maker) (int64, error) {
	return valueAt[int64](perform(ctx, h, func(t Target) steps { return askCount(t, every(t, typ, m)) }))
}

// CallFilterBy compiles [FilterBy].
func CallFilterBy[T any](t Target, vals Vals) link.Chain[[]*T] {
	return chainOf[[]*T](askRows(t, every(t, reflect.TypeFor[T](), makerOf[T]()).filterBy(vals), wantAll))
}

//go:noinline
func (q *query) filterBy(vals Vals) *query {
	return q.with(func(n *query) error {
		tab := n.tables[0]
		for _, k := range tab.key {
			n.sel.OrderBy = append(n.sel.OrderBy, dialect.Order{X: dialect.Column{Source: tab.source, Name: k.name}})
		}
		for _, name := range slices.Sorted(maps.Keys(vals)) {
			f := tab.byName[name]
			if f == nil {
				return fmt.Errorf("models: FilterBy: %s has no column %s; it has %s", tab.facts.Model, name, tab.sortedNames())
			}
			cond, err := f.matches(dialect.Column{Source: tab.source, Name: name}, vals[name])
			if err != nil {
				return fmt.Errorf("models: FilterBy: %s is %s, not %T", f.path, f.typ, vals[name])
			}
			n.sel.Where = append(n.sel.Where, cond)
		}
		return nil
	})
}

// CallCountAll compiles [CountAll].
func CallCountAll[T any](t Target) link.Chain[int64] {
	return callCount(t, every(t, reflect.TypeFor[T](), makerOf[T]()))
}

// every asks for all objects of a type.
func every(t Target, typ reflect.Type, m maker) *query {
	tab, err := t.engine().registry.table(typ)
	if err == nil {
		err = tab.keyed()
	}
	if err != nil {
		return &query{err: err}
	}
	q := &query{tables: []*table{tab}, rows: entity{excerpt{t: tab}, m}}
	q.sel.From, q.sel.Columns = tab.source, []dialect.Node{dialect.All{Source: tab.source}}
	return q
}

// matches is the condition that a column has a value, or one of a slice of them.
func (f *field) matches(col dialect.Node, x any) (dialect.Node, error) {
	v := reflect.ValueOf(x)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return dialect.Null{X: col}, nil
	}
	if val, err := f.given(x); err == nil {
		if val.Kind() == driver.KindNull {
			return dialect.Null{X: col}, nil
		}
		return dialect.Compare{L: col, Op: "=", R: dialect.Param{Value: val}}, nil
	} else if v.Kind() != reflect.Slice {
		return nil, err
	}
	vals := make([]driver.Value, v.Len())
	for i := range vals {
		val, err := f.given(v.Index(i).Interface())
		if err != nil || val.Kind() == driver.KindNull {
			return nil, errWrongKey
		}
		vals[i] = val
	}
	return dialect.In{X: col, Values: vals}, nil
}

// given encodes a plain value for the field, also for one that can be NULL.
func (f *field) given(x any) (driver.Value, error) {
	val, err := f.convert(x)
	if err == nil || f.elem == nil {
		return val, err
	}
	base := field{codec: f.elem}
	return base.convert(x)
}
