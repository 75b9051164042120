package models

import (
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"unsafe"
)

// A relationField is a relation field of a struct type, wherever in it.
type relationField struct {
	name  string
	off   uintptr
	facts relationFacts
}

var relationFields sync.Map // reflect.Type → []relationField

// relationFieldsOf finds the relation fields of a struct, embedded structs included,
// whether or not it is registered.
func relationFieldsOf(t reflect.Type) []relationField {
	if fs, ok := relationFields.Load(t); ok {
		return fs.([]relationField)
	}
	var out []relationField
	var walk func(t reflect.Type, off uintptr)
	walk = func(t reflect.Type, off uintptr) {
		for i := range t.NumField() {
			f := t.Field(i)
			if facts, ok := relationFactsOf(f.Type); ok {
				facts.words = nil
				out = append(out, relationField{f.Name, off + f.Offset, facts})
			} else if f.Anonymous && f.Type.Kind() == reflect.Struct {
				walk(f.Type, off+f.Offset)
			}
		}
	}
	walk(t, 0)
	got, _ := relationFields.LoadOrStore(t, out)
	return got.([]relationField)
}

func (f *relationField) words(obj unsafe.Pointer) *words { return (*words)(unsafe.Add(obj, f.off)) }

// encode encodes what a relation field leads to. encoding/json calls each MarshalJSON
// with an encoder of its own, so it can not see a cycle: the field encodes its whole
// subtree itself, with the objects on the way from its owner as visited.
func (w *words) encode(f relationFacts) ([]byte, error) {
	if st := w.load(); st != nil && st.text != nil {
		return st.text, nil
	}
	var way []unsafe.Pointer
	if o := (*origin)(w.owner); o != nil && o.self != nil {
		way = append(way, o.self)
	}
	return w.encodeOn(f, way)
}

func (w *words) encodeOn(f relationFacts, way []unsafe.Pointer) ([]byte, error) {
	items, ok := w.shown(way, f.kind)
	if !ok {
		return []byte("null"), nil
	}
	if f.kind.one() {
		if len(items) == 0 {
			return []byte("null"), nil
		}
		return encodeObject(f.target, items[0], way)
	}
	out := []byte{'['}
	for i, x := range items {
		text, err := encodeObject(f.target, x, way)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, text...)
	}
	return append(out, ']'), nil
}

// shown is what a field leads to without the objects on the way to it; ok is false if it
// is not loaded, or leads back only.
func (w *words) shown(way []unsafe.Pointer, k relationKind) (items []unsafe.Pointer, ok bool) {
	if w.zero() {
		return nil, false
	}
	all, err := w.items()
	if err != nil {
		return nil, false
	}
	for _, x := range all {
		if !slices.Contains(way, x) {
			items = append(items, x)
		}
	}
	return items, !k.one() || len(all) == 0 || len(items) > 0
}

// encodeObject encodes an object by the rules of encoding/json: a copy of it whose
// relation fields have their text ready.
func encodeObject(t reflect.Type, obj unsafe.Pointer, way []unsafe.Pointer) ([]byte, error) {
	fields := relationFieldsOf(t)
	if len(fields) == 0 {
		return json.Marshal(reflect.NewAt(t, obj).Interface())
	}
	way = append(clip(way), obj)
	copied := reflect.New(t)
	copied.Elem().Set(reflect.NewAt(t, obj).Elem())
	for i := range fields {
		f := &fields[i]
		w := f.words(obj)
		ready := words{}
		if _, ok := w.shown(way, f.facts.kind); ok {
			text, err := w.encodeOn(f.facts, way)
			if err != nil {
				return nil, err
			}
			ready.state = unsafe.Pointer(&relState{text: text})
		}
		*f.words(copied.UnsafePointer()) = ready
	}
	return json.Marshal(copied.Interface())
}
