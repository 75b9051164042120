package models

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// Key is a composite key for [Get]: the values of the key fields in the order of the
// struct.
type Key []any

// CallGet compiles [Get].
func CallGet[T any](t Target, key any) link.Chain[*T] {
	var sink *entitySink
	var known *T
	tab, err := t.engine().registry.table(reflect.TypeFor[T]())
	if err == nil {
		err = tab.keyed()
	}
	c := &call[*T]{
		tables: []*table{tab}, newOnly: true,
		prepare: func(c *call[*T]) (bool, error) {
			if err != nil {
				return false, err
			}
			vals, err := tab.keyValues(key)
			if err != nil {
				return false, err
			}
			if c.u != nil {
				if rec := c.u.known(tab, vals); rec != nil {
					known = (*T)(rec.obj)
					return true, nil
				}
			}
			sink = &entitySink{excerpt: excerpt{t: tab}, maker: makerOf[T](), hint: 1, mark: tab.hasOrigin && c.u == nil}
			*c.st = driver.Statement{SQL: tab.selects[c.e.dialect], Args: vals, Class: driver.Read, Sink: sink}
			if c.e.shared {
				c.share.Shape = c.e.shapes.get(tab, c.e.dialect)
			}
			if len(vals) == 1 {
				c.share.Key = vals[0]
			}
			if c.loads = newLoader(c.e, c.u, tab, nil); c.loads == nil {
				return false, nil
			}
			c.found = sink.objects
			sel := &dialect.Select{Columns: sink.columns(tab.source), From: tab.source, Where: tab.whereKey(vals)}
			return false, c.loads.aboard(c.st, sel, tab.source, sink, sink.excerpt)
		},
		finish: func(c *call[*T]) (*T, error) {
			switch {
			case known != nil:
				return known, nil
			case len(sink.out) == 0:
				return nil, fmt.Errorf("%w: no %s has this key", ErrNotFound, sink.t.facts.Model)
			}
			if c.u != nil {
				sink.attach(c.u)
			}
			sink.gather(c.e)
			if c.loads != nil {
				c.loads.finish(c.found())
			}
			return (*T)(sink.out[0]), nil
		},
	}
	return c.chain(t)
}

// keyValues encodes a key given as Key or, if it has one column, as a plain value.
func (t *table) keyValues(key any) ([]driver.Value, error) {
	parts, ok := key.(Key)
	if !ok {
		parts = Key{key}
	}
	if len(parts) != len(t.key) {
		return nil, fmt.Errorf("models: the key of %s has %d columns, not %d: give a models.Key", t.facts.Model, len(t.key), len(parts))
	}
	vals := make([]driver.Value, len(parts))
	for i, f := range t.key {
		v, err := f.convert(parts[i])
		if err != nil {
			return nil, fmt.Errorf("models: Get of %s: the key is %s, not %T", t.facts.Model, f.typ, parts[i])
		}
		vals[i] = v
	}
	return vals, nil
}

// convert encodes a value of the field's type, or one that an untyped constant could
// have meant.
func (f *field) convert(x any) (driver.Value, error) {
	if i, ok := x.(int); ok && f.typ.Kind() == reflect.Int64 { // the commonest
		v := int64(i)
		return f.encode(unsafe.Pointer(&v))
	}
	v := reflect.ValueOf(x)
	if !v.IsValid() {
		return driver.Value{}, errWrongKey
	}
	to := reflect.New(f.typ).Elem()
	switch {
	case v.Type() == f.typ:
		to.Set(v)
	case v.Kind() == reflect.String && f.typ.Kind() == reflect.String:
		to.SetString(v.String())
	case v.CanInt() && to.CanInt() && !to.OverflowInt(v.Int()):
		to.SetInt(v.Int())
	case v.CanInt() && to.CanUint() && v.Int() >= 0 && !to.OverflowUint(uint64(v.Int())):
		to.SetUint(uint64(v.Int()))
	case v.CanUint() && to.CanUint() && !to.OverflowUint(v.Uint()):
		to.SetUint(v.Uint())
	case v.CanUint() && to.CanInt() && v.Uint() <= 1<<63-1 && !to.OverflowInt(int64(v.Uint())):
		to.SetInt(int64(v.Uint()))
	case f.typ.Kind() == reflect.Array && v.Type().ConvertibleTo(f.typ):
		to.Set(v.Convert(f.typ))
	default:
		return driver.Value{}, errWrongKey
	}
	return f.encode(to.Addr().UnsafePointer())
}

var errWrongKey = fmt.Errorf("models: wrong type of key")
