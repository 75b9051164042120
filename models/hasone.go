package models

import (
	"context"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
)

// HasOne is a field that leads to the object of T that belongs to this one by a foreign
// key of T. The zero value is ready. It is not loaded by itself, as with [HasMany]. If
// several rows refer to this object the first in the relation's order is taken; make the
// foreign key unique.
type HasOne[T any] struct {
	_ [0]*T // as in Query
	w words
}

// Single returns a HasOne with an object in it, for literals:
// User{Profile: models.Single(&Profile{…})}.
func Single[T any](x *T) HasOne[T] {
	var m HasOne[T]
	if x != nil {
		m.w.point(unsafe.Pointer(x))
	}
	return m
}

func (m *HasOne[T]) facts() relationFacts { return factsOf[T](&m.w, hasOne) }

// Get returns the object, nil if there is none. It never asks the database: what is not
// loaded answers [ErrNotLoaded].
func (m *HasOne[T]) Get() (*T, error) { return first[T](&m.w) }

// Set makes x the object, in place of the one before, which is deleted by the next flush
// if the relation cascades delete-orphan; else its foreign key becomes NULL. To replace
// one it has to be loaded. A nil x means none.
func (m *HasOne[T]) Set(x *T) {
	o, rel := m.w.origin()
	old := m.w.target()
	switch {
	case o == nil:
		m.w.point(unsafe.Pointer(x))
	case old == unsafe.Pointer(x) && x != nil:
	case x == nil:
		if old != nil {
			rel.unrelate(o.self, old)
		}
	default:
		rel.relate(o.self, unsafe.Pointer(x))
	}
}

// Clear is Set(nil).
func (m *HasOne[T]) Clear() { m.Set(nil) }

// Loaded reports whether Get can answer.
func (m *HasOne[T]) Loaded() bool { return m.w.loaded() }

// Load loads the relation, unless it is, and returns its object; see [HasMany.Load].
func (m *HasOne[T]) Load(ctx context.Context) (*T, error) {
	if err := m.w.lazy(ctx); err != nil {
		return nil, err
	}
	return m.Get()
}

// Loading returns the load as an operation. It is for package async.
func (m *HasOne[T]) Loading() link.Loading[*T] { return loading(&m.w, m.Get) }

// IsZero reports whether nothing was loaded and nothing changed, for json:",omitzero".
func (m HasOne[T]) IsZero() bool { return m.w.zero() }

// MarshalJSON encodes the object; null if there is none or it is not loaded. See
// [HasMany.MarshalJSON] for cycles.
func (m HasOne[T]) MarshalJSON() ([]byte, error) { return m.w.encode(m.facts()) }

// first is the only item of a relation.
func first[T any](w *words) (*T, error) {
	items, err := w.items()
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return (*T)(items[0]), nil
}
