package models

import "reflect"

// A Defaulter computes defaults that a tag can not express, such as a random key or a
// value made of another field. [New] calls it on the new object after it has filled in
// the defaults of tags, so it may overwrite them:
//
//	func (s *Ticket) SetDefaults() { s.ID, s.Due = uuid.New(), time.Now().AddDate(0, 0, 14) }
//
// Nothing else calls it: a literal is inserted as it stands. The method of an embedded
// struct counts unless the outer struct has one, which then calls it itself.
type Defaulter interface{ SetDefaults() }

// NewIn is [New] for a struct of a registry of one's own.
func NewIn[T any](r *Registry) *T {
	x := new(T)
	for _, f := range r.must(reflect.TypeFor[T]()).fields {
		if f.def != nil {
			f.def(f.at(pointerTo(x)))
		}
	}
	if d, ok := any(x).(Defaulter); ok {
		d.SetDefaults()
	}
	return x
}
