package models

import (
	"context"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
)

// BelongsTo is a field that leads to the object of T that this one refers to by a
// foreign key of its own. The zero value is ready. It is not loaded by itself, as with
// [HasMany].
//
//	type Post struct {
//		models.Model
//		AuthorID int64                  `db:",fk=users.id"`
//		Author   models.BelongsTo[User] `rel:"back=Posts"`
//	}
//
// The foreign key is the field called like the relation with ID behind it, or the one
// that the tag names (fk=AuthorID). It follows the relation with the next flush. If it
// was changed itself, and the relation was not, the relation follows: it is no longer
// loaded. If both were changed and disagree, the flush fails.
type BelongsTo[T any] struct {
	_ [0]*T // as in Query
	w words
}

// Ref returns a BelongsTo that refers to an object, for literals:
// Post{Author: models.Ref(ada)}. The object may be new, of this session, of a session
// that was closed, or read from the database itself.
func Ref[T any](x *T) BelongsTo[T] {
	var m BelongsTo[T]
	if x != nil {
		m.w.point(unsafe.Pointer(x))
	}
	return m
}

func (m *BelongsTo[T]) facts() relationFacts { return factsOf[T](&m.w, belongsTo) }

// Get returns the object, nil if the foreign key is NULL. It never asks the database:
// what is not loaded answers [ErrNotLoaded].
func (m *BelongsTo[T]) Get() (*T, error) { return first[T](&m.w) }

// Set makes x the object that is referred to, nil for none. The other side (back)
// follows at once if the object was loaded or added to a session, else when it is.
func (m *BelongsTo[T]) Set(x *T) {
	if o, rel := m.w.origin(); o != nil {
		rel.refer(o.self, unsafe.Pointer(x))
		return
	}
	m.w.point(unsafe.Pointer(x))
}

// Clear is Set(nil).
func (m *BelongsTo[T]) Clear() { m.Set(nil) }

// Loaded reports whether Get can answer.
func (m *BelongsTo[T]) Loaded() bool { return m.w.loaded() }

// Load loads the relation, unless it is, and returns its object; see [HasMany.Load].
func (m *BelongsTo[T]) Load(ctx context.Context) (*T, error) {
	if err := m.w.lazy(ctx); err != nil {
		return nil, err
	}
	return m.Get()
}

// Loading returns the load as an operation. It is for package async.
func (m *BelongsTo[T]) Loading() link.Loading[*T] { return loading(&m.w, m.Get) }

// IsZero reports whether nothing was loaded and nothing changed, for json:",omitzero".
func (m BelongsTo[T]) IsZero() bool { return m.w.zero() }

// MarshalJSON encodes the object; null if there is none or it is not loaded. See
// [HasMany.MarshalJSON] for cycles.
func (m BelongsTo[T]) MarshalJSON() ([]byte, error) { return m.w.encode(m.facts()) }
