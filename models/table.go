package models

import (
	"fmt"
	"hash/maphash"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A table is what a registered struct was compiled to. It does not change.
type table struct {
	typ    reflect.Type
	size   uintptr // of typ
	facts  *schema.Table
	fields []*field // in the order of facts.Columns
	key    []*field
	auto   *field // the key that the database makes; nil if there is none
	auto64 bool   // auto is an int64
	byName map[string]*field
	deep   []*field // whose snapshots are kept encoded
	stamps []*field // created and updated

	version *field // counts the changes of a row; nil if there is none
	soft    *field // marks a row as deleted; nil: deleting removes it

	hooks hookSet // methods that the unit of work calls

	own       bool // some fields need user code
	generated int  // how many columns the database alone writes
	// optional are the fields that an INSERT may leave to the database, at most 64.
	optional []*field
	// origin is the offset of the hidden word, if hasOrigin.
	origin    uintptr
	hasOrigin bool
	// ownWord: the hidden word is that of the first relation field, there being no Model.
	ownWord   bool
	relations []*relation
	// mixin: a struct without columns of its own, which has no table.
	mixin  bool
	source *dialect.Source
	proto  any

	selects [dialect.Count]string // all columns by key, for Get
	rereads [dialect.Count]string // the same of deleted rows too, for Refresh
	texts   texts                 // of inserts, updates and deletes
}

// A field is a field of a struct that has a column.
type field struct {
	*codec
	name string // of the column
	path string // of the field, for messages: "User.Email"
	off  uintptr
	pos  int // in table.fields
	col  *schema.Column

	// enum are the values that the column may have; none for any.
	enum []string

	created, updated bool
	refers           bool // a foreign key, which a relation may fill in
	generated        bool // the database alone writes it
	// def writes the default into a new object; nil for none.
	def func(p unsafe.Pointer)
}

func (f *field) at(obj unsafe.Pointer) unsafe.Pointer { return unsafe.Add(obj, f.off) }

// value encodes the field of an object.
func (f *field) value(obj unsafe.Pointer) (driver.Value, error) {
	v, err := f.encode(f.at(obj))
	if err != nil {
		return v, fmt.Errorf("%s: %w", f.path, err)
	}
	return v, nil
}

// word returns the place of the hidden word of an object.
func (t *table) word(obj unsafe.Pointer) *unsafe.Pointer {
	return (*unsafe.Pointer)(unsafe.Add(obj, t.origin))
}

// originOf returns what an object remembers, nil for nothing.
func (t *table) originOf(obj unsafe.Pointer) *origin {
	if !t.hasOrigin {
		return nil
	}
	return (*origin)(*t.word(obj))
}

var seed = maphash.MakeSeed()

// keyHash hashes the key of an object.
func (t *table) keyHash(obj unsafe.Pointer) uint64 {
	if t.auto != nil {
		return uint64(t.autoKey(obj))
	}
	var h maphash.Hash
	h.SetSeed(seed)
	for _, f := range t.key {
		v, err := f.encode(f.at(obj))
		if err != nil {
			return 0
		}
		h.Write(appendKey(nil, v))
	}
	return h.Sum64()
}

// autoKey reads the key that the database makes.
func (t *table) autoKey(obj unsafe.Pointer) int64 {
	if t.auto64 {
		return *(*int64)(t.auto.at(obj))
	}
	v, _ := t.auto.encode(t.auto.at(obj)) // a key above MaxInt64 fails when it is written
	return v.Int64()
}

// new makes an object with zero fields.
func (t *table) new() unsafe.Pointer { return reflect.New(t.typ).UnsafePointer() }

// clone makes a shallow copy of an object.
func (t *table) clone(obj unsafe.Pointer) unsafe.Pointer {
	c := reflect.New(t.typ)
	c.Elem().Set(reflect.NewAt(t.typ, obj).Elem())
	return c.UnsafePointer()
}

// keyed reports an error unless the struct has a table.
func (t *table) keyed() error {
	if t.mixin {
		return fmt.Errorf("models: %s has no columns of its own, so it has no table; embed it into a struct that has", t.facts.Model)
	}
	return nil
}
