package models

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// Dict returns an object as a map: its columns by name, and of its relations those that
// are loaded, by the field's name in snake case, as a map or a slice of maps. It asks the
// database for nothing. A relation that leads back to an object around it is left out, as
// is such an object in a slice, so that cycles end.
//
// A struct that has a method Dict() map[string]any decides itself, also when it is
// nested; there [BaseDict] gives what Dict would. Times are time.Time, UUIDs text, NULL
// is nil, JSON columns are what they hold in Go. Dict panics if x is no pointer to a
// struct that can be registered.
func Dict(x any) map[string]any {
	if d, ok := x.(interface{ Dict() map[string]any }); ok {
		return d.Dict()
	}
	return BaseDict(x)
}

// BaseDict is [Dict] without asking x itself for its own Dict method: for use in such a
// method.
func BaseDict(x any) map[string]any {
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("models: Dict(%T): want a pointer to a struct", x))
	}
	t, err := tableOfObject(v.Type().Elem(), v.UnsafePointer())
	if err != nil {
		panic(err.Error())
	}
	return t.dict(v.UnsafePointer(), wayTo(t.typ, v.UnsafePointer()))
}

// tableOfObject finds the table of an object: that of the registry in which it was
// loaded or added, else that of the default one.
func tableOfObject(typ reflect.Type, obj unsafe.Pointer) (*table, error) {
	for _, f := range relationFieldsOf(typ) {
		if o := (*origin)(f.words(obj).owner); o != nil && o.t.typ == typ {
			return o.t, nil
		}
	}
	if t := defaultRegistry.tables.Load().byType[typ]; t != nil {
		return t, nil
	}
	return compiled(typ)
}

// unregistered are structs mapped for Dict without being registered.
var unregistered sync.Map // reflect.Type → *table

// compiled maps a struct without registering it.
func compiled(typ reflect.Type) (*table, error) {
	if t, ok := unregistered.Load(typ); ok {
		return t.(*table), nil
	}
	t, err := compile(typ, defaultRegistry.named())
	if err != nil {
		return nil, err
	}
	got, _ := unregistered.LoadOrStore(typ, t)
	return got.(*table), nil
}

// dict makes the map of an object; way are the objects around it.
func (t *table) dict(obj unsafe.Pointer, way []unsafe.Pointer) map[string]any {
	way = append(clip(way), obj)
	m := make(map[string]any, len(t.fields)+len(t.relations))
	for _, f := range t.fields {
		m[f.name] = f.plain(obj)
	}
	for _, rel := range relationFieldsOf(t.typ) {
		items, ok := rel.words(obj).shown(way, rel.facts.kind)
		if !ok {
			continue
		}
		maps := make([]map[string]any, 0, len(items))
		for _, x := range items {
			maps = append(maps, nestedDict(rel.facts.target, x, way))
		}
		switch {
		case !rel.facts.kind.one():
			m[snake(rel.name)] = maps
		case len(maps) > 0:
			m[snake(rel.name)] = maps[0]
		default:
			m[snake(rel.name)] = nil
		}
	}
	return m
}

func nestedDict(typ reflect.Type, obj unsafe.Pointer, way []unsafe.Pointer) map[string]any {
	v := reflect.NewAt(typ, obj)
	if _, ok := v.Interface().(interface{ Dict() map[string]any }); ok {
		return onTheWay(v, way).Interface().(interface{ Dict() map[string]any }).Dict()
	}
	t, err := tableOfObject(typ, obj)
	if err != nil {
		panic(err.Error())
	}
	return t.dict(obj, way)
}

// onTheWay returns a copy of an object that remembers the way to it, so that a Dict method
// of its own which calls BaseDict ends cycles too.
func onTheWay(v reflect.Value, way []unsafe.Pointer) reflect.Value {
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(v.Elem())
	way = append(clip(way), v.UnsafePointer())
	for _, f := range relationFieldsOf(v.Type().Elem()) {
		st := &relState{way: way, mark: markRaise}
		if items, err := f.words(v.UnsafePointer()).items(); err == nil && !f.words(v.UnsafePointer()).zero() {
			st.items, st.mark = items, markLoaded
		}
		*f.words(c.UnsafePointer()) = words{state: unsafe.Pointer(st), owner: f.words(v.UnsafePointer()).owner}
	}
	return c
}

// wayTo is the way that a copy remembers.
func wayTo(typ reflect.Type, obj unsafe.Pointer) []unsafe.Pointer {
	for _, f := range relationFieldsOf(typ) {
		if st := f.words(obj).load(); st != nil && st.way != nil {
			return st.way
		}
	}
	return nil
}

// plain is a field's value for a map: pointers and sql.Null are what they hold, or nil.
func (f *field) plain(obj unsafe.Pointer) any {
	v := reflect.NewAt(f.typ, f.at(obj)).Elem()
	val, err := f.encode(f.at(obj))
	if err == nil && val.Kind() == driver.KindNull {
		return nil
	}
	if err == nil && val.Kind() == driver.KindUUID {
		u := val.UUID()
		return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
	}
	switch {
	case f.elem != nil && v.Kind() == reflect.Pointer:
		return v.Elem().Interface()
	case f.elem != nil:
		return reflect.NewAt(f.elem.typ, unsafe.Add(f.at(obj), f.inside)).Elem().Interface()
	}
	if raw, ok := v.Interface().(json.RawMessage); ok {
		return slices.Clone(raw)
	}
	return v.Interface()
}
