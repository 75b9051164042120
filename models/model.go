package models

import (
	"sync/atomic"
	"unsafe"
)

// Model is embedded into a struct to give it an integer key that the database makes,
// column id, and a memory of where the object came from:
//
//	type User struct {
//		models.Model
//		Username string
//	}
//
// When another field of the struct is tagged pk, or the struct has an ID field of its
// own, the column of Model.ID vanishes and only the memory stays. By it a session knows
// whether [Session.Add] has to insert or to update, whatever the key says. A copy of a
// struct carries it along: with the same key it stands for the same row, with another
// or a zero key for a new one.
type Model struct {
	// ID is the key. Zero in an object that was not inserted yet.
	ID int64

	origin unsafe.Pointer // *origin; nil: never loaded and never flushed
}

// An origin says of which row an object is the image.
type origin struct {
	t   *table
	key uint64  // hash of the key that the object had
	rec *record // of the session that manages or managed it; nil outside of sessions
	// self is where the object lies, for its relation fields; a copy lies elsewhere.
	self   unsafe.Pointer
	cohort atomic.Pointer[cohort] // of objects that came with it; nil without relations
	// partial is what was not loaded of the object; nil: all was.
	partial *partial
}
