package models

import (
	"context"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
)

// HasMany is a field that leads to the objects of T that belong to this one: by a
// foreign key of T, or with through by an association model (many-to-many). The zero
// value is ready.
//
//	type User struct {
//		models.Model
//		Posts models.HasMany[Post] `rel:"fk=AuthorID,back=Author"`
//	}
//
// The field is not loaded by itself: ask for it with the query (see [Query.With]), by its
// default in the tag, or with Load. Reading it never asks the database.
//
// Load may be called by any goroutine. The methods that change the relation belong to
// whoever changes the object: they need the program's own lock if goroutines share it.
type HasMany[T any] struct {
	_ [0]*T // as in Query
	w words
}

// Many returns a HasMany with objects in it, for literals:
// User{Posts: models.Many(&Post{…})}.
func Many[T any](xs ...*T) HasMany[T] {
	var m HasMany[T]
	m.Add(xs...)
	return m
}

func (m *HasMany[T]) facts() relationFacts { return factsOf[T](&m.w, hasMany) }

// Add puts objects into the relation; those that are in it already change nothing. The
// session that manages the object inserts the new ones with its next flush, fills in
// their foreign keys, and moves those that belonged to another object. The other side
// (back) follows at once if the object was loaded or added to a session, else when it is.
// Add panics on a nil object.
func (m *HasMany[T]) Add(xs ...*T) { addTo(&m.w, xs) }

// Remove takes objects out of the relation. With the next flush they are deleted if the
// relation cascades delete-orphan; else their foreign key becomes NULL, or the row of
// the association is deleted. What is not in it changes nothing. Many objects can be
// removed without loading the relation.
func (m *HasMany[T]) Remove(xs ...*T) {
	o, rel := m.w.origin()
	for _, x := range xs {
		if x == nil {
			continue
		}
		if o != nil {
			rel.unrelate(o.self, unsafe.Pointer(x))
		} else {
			m.w.exclude(unsafe.Pointer(x))
		}
	}
}

// Clear removes all objects. It needs to know them: if the relation is not loaded it
// fails with [ErrNotLoaded].
func (m *HasMany[T]) Clear() error {
	xs, err := m.Items()
	if err != nil {
		return err
	}
	m.Remove(append([]*T{}, xs...)...)
	return nil
}

// Set makes xs all that the relation leads to: it removes what is not among them and adds
// what is missing. It needs to know the present objects: if the relation is not loaded it
// fails with [ErrNotLoaded].
func (m *HasMany[T]) Set(xs ...*T) error {
	have, err := m.Items()
	if err != nil {
		return err
	}
	keep := make(map[*T]bool, len(xs))
	for _, x := range xs {
		keep[x] = true
	}
	var gone []*T
	for _, x := range have {
		if !keep[x] {
			gone = append(gone, x)
		}
	}
	m.Remove(gone...)
	m.Add(xs...)
	return nil
}

// Items returns the objects, with changes that were not flushed yet: first those loaded,
// in the relation's order, then those added. It never asks the database: what is not
// loaded answers [ErrNotLoaded]. The slice belongs to the relation: copy it to change or
// sort it. After a commit that expires objects it has what was there before, like the
// other fields.
func (m *HasMany[T]) Items() ([]*T, error) {
	items, err := m.w.items()
	return cast[T](items), err
}

// Loaded reports whether Items can answer.
func (m *HasMany[T]) Loaded() bool { return m.w.loaded() }

// Load loads the relation, unless it is, and returns its objects as Items does. One
// statement serves all objects that came with the same result (the first 10000 around
// this one), so that a loop that loads relation after relation costs one. It runs where
// the object is from: in its session, or on the database. An object that is from nowhere
// (a literal, a copy, one of a closed session) answers [ErrDetached].
func (m *HasMany[T]) Load(ctx context.Context) ([]*T, error) {
	if err := m.w.lazy(ctx); err != nil {
		return nil, err
	}
	return m.Items()
}

// Loading returns the load as an operation. It is for package async.
func (m *HasMany[T]) Loading() link.Loading[[]*T] { return loading(&m.w, m.Items) }

// IsZero reports whether nothing was loaded and nothing changed, for json:",omitzero".
func (m HasMany[T]) IsZero() bool { return m.w.zero() }

// MarshalJSON encodes the objects as an array; null if they are not loaded. What they
// lead to is encoded where it is loaded; a relation that leads back to an object around
// it counts as not loaded there, and an array leaves such an object out, so that cycles
// end.
func (m HasMany[T]) MarshalJSON() ([]byte, error) { return m.w.encode(m.facts()) }

func addTo[T any](w *words, xs []*T) {
	o, rel := w.origin()
	for _, x := range xs {
		if x == nil {
			panic(errNilRelated.Error())
		}
		if o != nil {
			rel.relate(o.self, unsafe.Pointer(x))
		} else {
			w.include(unsafe.Pointer(x))
		}
	}
}

func factsOf[T any](w *words, k relationKind) relationFacts {
	return relationFacts{
		words: w, target: typeOf[T](), kind: k, objects: makerOf[T](),
	}
}
