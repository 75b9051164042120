package models

import (
	"fmt"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// pointerTo is the address of *x.
func pointerTo[T any](x *T) unsafe.Pointer { return unsafe.Pointer(x) }

// An address tells a field of a prototype from every other: a struct and its first field
// share the pointer, but not the type.
type address struct {
	p   unsafe.Pointer
	typ reflect.Type
}

// A column is what an address of a prototype stands for.
type column struct {
	t      *table
	f      *field    // nil: the prototype itself, or a relation
	rel    *relation // nil: no relation
	c      *codec
	source *dialect.Source
	// cell is an address of the base type of a pointer field, see Opt.
	cell any
}

// columns maps addresses to columns. Entries stay for ever: a prototype that were freed
// could hand its address to a stranger.
type columns struct {
	mu sync.Mutex // held while a prototype is added
	m  atomic.Pointer[map[address]*column]
}

var addresses columns

// add enters a prototype of t.
func (cs *columns) add(t *table, source *dialect.Source, proto unsafe.Pointer) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	next := map[address]*column{}
	if old := cs.m.Load(); old != nil {
		next = maps.Clone(*old)
	}
	next[address{proto, t.typ}] = &column{t: t, source: source}
	for _, rel := range t.relations {
		next[address{unsafe.Add(proto, rel.off), rel.typ}] = &column{t: t, rel: rel, source: source}
	}
	for _, f := range t.fields {
		col := &column{t: t, f: f, c: f.codec, source: source}
		next[address{f.at(proto), f.typ}] = col
		if f.elem == nil {
			continue
		}
		base := &column{t: t, f: f, c: f.elem, source: source}
		if f.typ.Kind() == reflect.Pointer {
			cell := reflect.New(f.elem.typ)
			col.cell = cell.Interface()
			next[address{cell.UnsafePointer(), f.elem.typ}] = base
		} else {
			next[address{unsafe.Add(f.at(proto), f.inside), f.elem.typ}] = base
		}
	}
	cs.m.Store(&next)
}

// find returns the column or prototype at an address.
func (cs *columns) find(p unsafe.Pointer, typ reflect.Type) *column {
	m := cs.m.Load()
	if m == nil {
		return nil
	}
	return (*m)[address{p, typ}]
}

// columnAt returns the column that p names.
func columnAt[V any](p *V) (*column, error) { return columnAs(unsafe.Pointer(p), reflect.TypeFor[V]()) }

// columnAs is columnAt for an address of a type that is known at run time.
func columnAs(p unsafe.Pointer, typ reflect.Type) (*column, error) {
	col := addresses.find(p, typ)
	return col, col.named(typ)
}

// columnOf is columnAt for an address in an interface.
func columnOf(p any) (*column, error) {
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("models: %T names no column: want the address of a field of a prototype, or an expression", p)
	}
	col := addresses.find(v.UnsafePointer(), v.Type().Elem())
	return col, col.named(v.Type().Elem())
}

// named reports why an address names no column.
func (c *column) named(typ reflect.Type) error {
	switch {
	case c == nil:
		return fmt.Errorf("models: this *%s is no field of a registered prototype (use the pointer that models.Register returned: not a copy of it, not a loaded object)", typ)
	case c.rel != nil:
		return fmt.Errorf("models: %s is a relation and no column: load it with SelectIn or Joined, or name its foreign key", c.rel)
	case c.f == nil:
		return fmt.Errorf("models: this is the prototype of %s itself: name one of its fields", typ)
	}
	return nil
}

// prototypeOf returns the table that p is a prototype of.
func prototypeOf(p any) (*column, error) {
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("models: %T is no prototype (use the pointer that models.Register returned)", p)
	}
	c := addresses.find(v.UnsafePointer(), v.Type().Elem())
	if c == nil || c.f != nil || c.rel != nil {
		return nil, fmt.Errorf("models: this %T is no prototype (use the pointer that models.Register returned: not a copy of it, not a loaded object)", p)
	}
	return c, c.t.keyed()
}

func (c *column) node() dialect.Node { return dialect.Column{Source: c.source, Name: c.f.name} }

// Opt names the column of a nullable field as its base type, so that it can be compared
// with plain values: models.Eq(models.Opt(&userT.FullName), "Ada"). For a sql.Null no
// function is needed: models.Eq(&userT.Nick.V, "ada").
func Opt[V any](p **V) *V {
	col, err := columnAt(p)
	if err != nil || col.cell == nil {
		return nil // no column either, so the query tells
	}
	return col.cell.(*V)
}

// aliases are interned: prototypes live for ever, so asking again must not make another.
var aliases struct {
	sync.Mutex
	m map[aliasKey]any
}

type aliasKey struct {
	t    *table
	name string
}

// Alias returns a second prototype of the same table, which is called name in SQL, for a
// table that takes part in a query twice. Asking again for the same name returns the
// same prototype. It panics if proto is no prototype.
func Alias[T any](proto *T, name string) *T {
	c, err := prototypeOf(proto)
	if err != nil {
		panic(err.Error())
	}
	aliases.Lock()
	defer aliases.Unlock()
	key := aliasKey{c.t, name}
	if p, ok := aliases.m[key]; ok {
		return p.(*T)
	}
	p := new(T)
	addresses.add(c.t, dialect.NewSource(c.t.facts, name), unsafe.Pointer(p))
	if aliases.m == nil {
		aliases.m = map[aliasKey]any{}
	}
	aliases.m[key] = p
	return p
}
