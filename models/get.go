package models

import (
	"context"
	"fmt"
	"reflect"
	"sync"
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
	return chainOf[*T](askKey(t, reflect.TypeFor[T](), makerOf[T](), key))
}

// keyCall asks for the object with a key. It is one piece of memory, since a Get is what
// programs do most.
type keyCall struct {
	call
	lookup
}

// lookup is what a keyCall knows apart from its call.
type lookup struct {
	t   *table
	key any
	bad error

	sink  entitySink
	obj   unsafe.Pointer
	objs  [1]unsafe.Pointer // of sink
	about [1]*table         // what tables of call are
	val   [1]driver.Value   // of the key, if it has one column
}

// keyCalls are keyCalls that can be used again: they are most of what a Get allocates.
var keyCalls = sync.Pool{New: func() any { return new(keyCall) }}

// get is [Get] apart from the type of its result.
func get(ctx context.Context, h Handle, typ reflect.Type, m maker, key any) (obj unsafe.Pointer, err error) {
	var k *keyCall
	p, err := perform(ctx, h, func(t Target) steps {
		k = keyCallOf(t, typ, m, key)
		return k.on(t)
	})
	if err != nil {
		return nil, err // whoever left it in the middle may have left something behind
	}
	obj = *(*unsafe.Pointer)(p)
	if k.cleared() {
		k.lookup = lookup{}
		keyCalls.Put(k)
	}
	return obj, nil
}

func askKey(t Target, typ reflect.Type, m maker, key any) steps {
	return keyCallOf(t, typ, m, key).on(t)
}

func keyCallOf(t Target, typ reflect.Type, m maker, key any) *keyCall {
	k := keyCalls.Get().(*keyCall)
	k.key, k.verb = key, k
	if k.t, k.bad = t.engine().registry.table(typ); k.bad == nil {
		k.bad = k.t.keyed()
	}
	k.about[0] = k.t
	k.tables, k.newOnly = k.about[:], true
	k.sink = entitySink{excerpt: excerpt{t: k.t}, maker: m, hint: 1}
	if k.t == nil || len(k.t.relations) == 0 { // else the object remembers the list: see gather
		k.sink.out = k.objs[:0]
	}
	return k
}

// prepare implements request.
func (k *keyCall) prepare(c *call) (bool, error) {
	if k.bad != nil {
		return false, k.bad
	}
	vals, err := k.t.keyValues(k.val[:0], k.key)
	if err != nil {
		return false, err
	}
	if c.u != nil {
		if rec := c.u.known(k.t, vals); rec != nil {
			k.obj = rec.obj
			return true, nil
		}
	}
	k.sink.mark = k.t.hasOrigin && c.u == nil
	*c.st = driver.Statement{SQL: k.t.selects[c.e.dialect], Args: vals, Class: driver.Read, Sink: &k.sink}
	if c.e.shared {
		c.share.Shape = c.e.shapes.get(k.t, c.e.dialect)
	}
	if c.loads = newLoader(c.e, c.u, k.t, nil); c.loads == nil {
		return false, nil
	}
	c.found = &k.sink
	sel := &dialect.Select{Columns: k.sink.columns(k.t.source), From: k.t.source, Where: k.t.whereKey(vals)}
	return false, c.loads.aboard(c.st, sel, k.t.source, &k.sink, k.sink.excerpt)
}

// answer implements request.
func (k *keyCall) answer(c *call) (unsafe.Pointer, error) {
	switch {
	case k.obj != nil:
		return unsafe.Pointer(&k.obj), nil
	case len(k.sink.out) == 0:
		return nil, fmt.Errorf("%w: no %s has this key", ErrNotFound, k.t.facts.Model)
	}
	if c.u != nil {
		k.sink.attach(c.u)
	}
	k.sink.gather(c.e)
	if c.loads != nil {
		c.loads.finish(c.found.objects())
	}
	return unsafe.Pointer(&k.sink.out[0]), nil
}

// keyValues appends a key, given as Key or, if it has one column, as a plain value, to vals.
func (t *table) keyValues(vals []driver.Value, key any) ([]driver.Value, error) {
	if t.auto64 { // the commonest
		switch x := key.(type) {
		case int64:
			return append(vals, driver.Int64(x)), nil
		case int:
			return append(vals, driver.Int64(int64(x))), nil
		}
	}
	parts, ok := key.(Key)
	n := 1
	if ok {
		n = len(parts)
	}
	if n != len(t.key) {
		return nil, fmt.Errorf("models: the key of %s has %d columns, not %d: give a models.Key", t.facts.Model, len(t.key), n)
	}
	for i, f := range t.key {
		part := key
		if ok {
			part = parts[i]
		}
		v, err := f.convert(part)
		if err != nil {
			return nil, fmt.Errorf("models: Get of %s: the key is %s, not %T", t.facts.Model, f.typ, part)
		}
		vals = append(vals, v)
	}
	return vals, nil
}

// convert encodes a value of the field's type, or one that an untyped constant could
// have meant.
func (f *field) convert(x any) (driver.Value, error) {
	if i, ok := x.(int); ok && f.typ.Kind() == reflect.Int64 {
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
