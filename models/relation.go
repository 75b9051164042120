package models

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A Relation is the address of a relation field of a prototype, as in
// SelectIn(&userT.Posts): a *[HasMany], *[HasOne] or *[BelongsTo].
type Relation interface{ facts() relationFacts }

// relationFacts is what the type of a relation field tells.
type relationFacts struct {
	words  *words
	target reflect.Type
	kind   relationKind
	// objects makes objects of the target.
	objects maker
}

// sink makes a sink for objects of the target, about hint of them.
func (r *relationFacts) sink(s excerpt, hint int, mark bool) objectSink {
	return &entitySink{excerpt: s, maker: r.objects, hint: hint, mark: mark}
}

var relationType = reflect.TypeFor[Relation]()

// relationFactsOf returns what a field's type tells if it is that of a relation.
func relationFactsOf(t reflect.Type) (relationFacts, bool) {
	if t.Kind() != reflect.Struct || t.PkgPath() != modelType.PkgPath() || !reflect.PointerTo(t).Implements(relationType) {
		return relationFacts{}, false
	}
	return reflect.New(t).Interface().(Relation).facts(), true
}

type relationKind uint8

const (
	hasMany relationKind = iota
	hasOne
	belongsTo
	manyToMany // a HasMany with through
)

// one reports whether the relation leads to one object at most.
func (k relationKind) one() bool { return k == hasOne || k == belongsTo }

// A relation is what a relation field of a registered struct was resolved to. It does
// not change, except that an association model is looked up when it is first needed.
type relation struct {
	relTag
	t      *table // whose field it is
	name   string // of the field
	path   string // for messages: "User.Posts"
	text   string // of the tag
	off    uintptr
	typ    reflect.Type
	kind   relationKind
	reg    *Registry
	target *table
	make   relationFacts
	// fk is the foreign key: a field of t for a BelongsTo, else of target. ref is the
	// field that it refers to, on the other side. Both nil for many-to-many.
	fk, ref *field
	back    *relation // the other side; nil if it has no field
	order   []dialect.Node
	via     atomic.Pointer[association]
}

// String names the field, for messages.
func (rel *relation) String() string {
	if rel == nil {
		return "the relation"
	}
	return rel.path
}

// words returns the field of an object.
func (rel *relation) words(obj unsafe.Pointer) *words { return (*words)(unsafe.Add(obj, rel.off)) }

// near is the field of the own side by which rows are matched, far that of the target's
// side; for many-to-many they are those that the association refers to.
func (rel *relation) near() *field {
	switch {
	case rel.kind == belongsTo:
		return rel.fk
	case rel.kind == manyToMany:
		return rel.via.Load().ownRef
	}
	return rel.ref
}

func (rel *relation) far() *field {
	switch {
	case rel.kind == belongsTo:
		return rel.ref
	case rel.kind == manyToMany:
		return rel.via.Load().otherRef
	}
	return rel.fk
}

// An association is the table between the two sides of a many-to-many relation.
type association struct {
	t                *table
	own, other       *field // foreign keys of t
	ownRef, otherRef *field // what they refer to
	between          *dialect.Source
	// cascades: the database deletes the association's rows with those of the own side.
	cascades bool
}

// keyOf encodes a field of an object for matching; ok is false for NULL.
func keyOf(f *field, obj unsafe.Pointer) (v driver.Value, ok bool, err error) {
	v, err = f.value(obj)
	return v, err == nil && v.Kind() != driver.KindNull, err
}

// relate brings both sides in step after child was put under parent, rel being a
// HasMany or HasOne of parent's table.
func (rel *relation) relate(parent, child unsafe.Pointer) {
	if rel.kind == manyToMany {
		// The other side may not know that the two belong together.
		if rel.words(parent).include(child) && rel.back != nil {
			rel.back.words(child).include(parent)
		}
		return
	}
	if rel.kind == hasOne {
		w := rel.words(parent)
		if old := w.target(); old != nil && old != child {
			rel.unrelate(parent, old)
		}
	}
	if rel.back != nil {
		ref := rel.back.words(child)
		if old := ref.target(); old != nil && old != parent {
			rel.words(old).exclude(child)
		}
		ref.point(parent)
	}
	rel.words(parent).include(child)
}

// unrelate takes child away from parent, on both sides.
func (rel *relation) unrelate(parent, child unsafe.Pointer) {
	rel.words(parent).exclude(child)
	if rel.back == nil {
		return
	}
	if rel.kind == manyToMany {
		rel.back.words(child).exclude(parent)
		return
	}
	if w := rel.back.words(child); w.target() == parent || w.load() == nil && w.pending() == nil {
		w.point(nil)
	}
}

// refer makes parent the target of child's BelongsTo rel, on both sides.
func (rel *relation) refer(child, parent unsafe.Pointer) {
	w := rel.words(child)
	old := w.target()
	if rel.back == nil {
		w.point(parent)
		return
	}
	if old != nil && old != parent {
		rel.back.words(old).exclude(child)
	}
	if parent == nil {
		w.point(nil)
		return
	}
	if rel.back.kind == hasOne {
		if other := rel.back.words(parent).target(); other != nil && other != child {
			rel.back.unrelate(parent, other)
		}
	}
	w.point(parent)
	rel.back.words(parent).include(child)
}

// bind ties a new object to its origin.
func (t *table) bind(obj unsafe.Pointer, o *origin) {
	o.self = obj
	*t.word(obj) = unsafe.Pointer(o)
	for _, rel := range t.relations {
		rel.words(obj).owner = unsafe.Pointer(o)
	}
}

// rebind is bind for an object that others may look at: their loads read the word.
func (t *table) rebind(obj unsafe.Pointer, o *origin) {
	if o != nil {
		o.self = obj
	}
	if !t.ownWord {
		*t.word(obj) = unsafe.Pointer(o)
	}
	for _, rel := range t.relations {
		atomic.StorePointer(&rel.words(obj).owner, unsafe.Pointer(o))
	}
}

// describe says what a relation of a prototype is, for messages about wrong use.
func (rel *relation) describe() string {
	return fmt.Sprintf("%s, which leads to %s", rel.path, rel.target.typ.Name())
}
