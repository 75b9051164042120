package models

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"unsafe"
)

// words is all that a relation field holds: three pointers that reflection can not walk
// into, so that comparing, printing and copying a struct stay inside the struct. Its zero
// value is ready.
type words struct {
	// state is what is loaded, nil for nothing. It is published by loads, which may run
	// for another object of the same result, so it is read and written atomically.
	state unsafe.Pointer // *relState
	// owner is the origin of the object that the field belongs to; nil while the object
	// is a literal. It says where the object lies, so that a field that was copied away
	// from its object is recognised. It is never computed from the field's address.
	owner unsafe.Pointer // *origin
	// changes is what the program changed since the last flush. It belongs to whoever
	// changes the object.
	changes unsafe.Pointer // *relChanges
}

// relState is what a relation leads to, as the database has it. It does not change once
// it is published, and objects may share one.
type relState struct {
	items []unsafe.Pointer
	owner *owner // of the session that loaded it; nil outside of sessions
	epoch uint32 // of that session
	mark  loadMark
	text  []byte           // the JSON to answer with, see encodeObject
	way   []unsafe.Pointer // to a copy on which its own Dict is called, see nestedDict
}

// loadMark says how a state differs from a loaded one.
type loadMark uint8

const (
	markLoaded loadMark = iota
	markRaise           // nothing is loaded, and Load is refused
	markNone            // NoLoad: empty whatever the database has
)

// relChanges is what was done to a relation since the last flush.
type relChanges struct {
	at             *words // the field it was made for: a copy of the struct must not change it
	added, removed []unsafe.Pointer
	// in and base find members once there are many: of added, and of the state's items.
	in, base map[unsafe.Pointer]struct{}
	baseOf   *relState
	// set: a reference to one object was given another target, which is added[0], or
	// none.
	set bool
}

func (w *words) load() *relState { return (*relState)(atomic.LoadPointer(&w.state)) }

func (w *words) store(st *relState) { atomic.StorePointer(&w.state, unsafe.Pointer(st)) }

// publish makes st the state unless another load was first, or replaces old.
func (w *words) publish(old, st *relState) {
	atomic.CompareAndSwapPointer(&w.state, unsafe.Pointer(old), unsafe.Pointer(st))
}

func (w *words) pending() *relChanges { return (*relChanges)(w.changes) }

// origin returns the origin of the object that the field lies in, nil if it lies in none
// that is known.
func (w *words) origin() (*origin, *relation) {
	o := (*origin)(atomic.LoadPointer(&w.owner))
	if o == nil || o.self == nil {
		return nil, nil
	}
	for _, rel := range o.t.relations {
		if rel.words(o.self) == w {
			return o, rel
		}
	}
	return nil, nil // a copy
}

// change returns the changes to be written to.
func (w *words) change() *relChanges {
	ch := w.pending()
	switch {
	case ch == nil:
		ch = &relChanges{at: w}
	case ch.at != w:
		c := *ch
		c.at, c.added, c.removed = w, slices.Clone(c.added), slices.Clone(c.removed)
		c.in, c.base, c.baseOf = nil, nil, nil
		ch = &c
	default:
		return ch
	}
	w.changes = unsafe.Pointer(ch)
	return ch
}

// manyMembers is from how many members on a map finds one.
const manyMembers = 32

// adds reports whether x is among added.
func (ch *relChanges) adds(x unsafe.Pointer) bool {
	if len(ch.added) < manyMembers {
		return slices.Contains(ch.added, x)
	}
	if ch.in == nil {
		ch.in = make(map[unsafe.Pointer]struct{}, 2*len(ch.added))
		for _, a := range ch.added {
			ch.in[a] = struct{}{}
		}
	}
	_, ok := ch.in[x]
	return ok
}

// holds reports whether x is among the items of st.
func (ch *relChanges) holds(st *relState, x unsafe.Pointer) bool {
	if st == nil || len(st.items) < manyMembers {
		return st != nil && slices.Contains(st.items, x)
	}
	if ch.baseOf != st {
		ch.baseOf, ch.base = st, make(map[unsafe.Pointer]struct{}, len(st.items))
		for _, a := range st.items {
			ch.base[a] = struct{}{}
		}
	}
	_, ok := ch.base[x]
	return ok
}

// include makes x a member, and reports whether it was none as far as is known.
func (w *words) include(x unsafe.Pointer) bool {
	ch := w.change()
	if i := slices.Index(ch.removed, x); i >= 0 {
		ch.removed = slices.Delete(ch.removed, i, i+1)
		return true
	}
	if ch.adds(x) || ch.holds(w.load(), x) {
		return false
	}
	ch.added = append(ch.added, x)
	if ch.in != nil {
		ch.in[x] = struct{}{}
	}
	return true
}

// exclude makes x no member, and reports whether it may have been one.
func (w *words) exclude(x unsafe.Pointer) bool {
	ch := w.change()
	if ch.adds(x) {
		ch.added = slices.DeleteFunc(ch.added, func(a unsafe.Pointer) bool { return a == x })
		delete(ch.in, x)
		return true
	}
	if st := w.load(); st != nil && st.mark == markLoaded && !ch.holds(st, x) || w.fresh() || slices.Contains(ch.removed, x) {
		return false
	}
	ch.removed = append(ch.removed, x)
	return true
}

// point makes x the only target; nil for none.
func (w *words) point(x unsafe.Pointer) {
	ch := w.change()
	ch.set, ch.added, ch.in = true, ch.added[:0:0], nil
	if x != nil {
		ch.added = append(ch.added, x)
	}
}

// target is the only target as far as it is known.
func (w *words) target() unsafe.Pointer {
	if ch := w.pending(); ch != nil && (ch.set || len(ch.added) > 0) {
		if len(ch.added) == 0 {
			return nil
		}
		return ch.added[0]
	}
	if st := w.load(); st != nil && len(st.items) > 0 {
		return st.items[0]
	}
	return nil
}

func (ch *relChanges) empty() bool {
	return ch == nil || !ch.set && len(ch.added) == 0 && len(ch.removed) == 0
}

// fresh reports whether the object has no row yet, so that nothing can be loaded for it.
func (w *words) fresh() bool {
	o := (*origin)(atomic.LoadPointer(&w.owner))
	return o == nil || o.rec != nil && o.rec.obj == o.self && o.rec.state == pending
}

// loaded reports whether the field can answer.
func (w *words) loaded() bool {
	st := w.load()
	if st != nil {
		return st.mark != markRaise
	}
	ch := w.pending()
	return ch != nil && ch.set || w.fresh()
}

// zero reports whether nothing was loaded and nothing changed.
func (w *words) zero() bool {
	st := w.load()
	return (st == nil || st.mark == markRaise) && w.pending().empty()
}

// items is what the field leads to, local changes included.
func (w *words) items() ([]unsafe.Pointer, error) {
	st, ch := w.load(), w.pending()
	switch {
	case st != nil && st.mark == markRaise && (ch == nil || !ch.set):
		_, rel := w.origin()
		return nil, fmt.Errorf("%w: %s was loaded with Raise", ErrNotLoaded, rel)
	case st == nil && (ch == nil || !ch.set) && !w.fresh():
		_, rel := w.origin()
		return nil, fmt.Errorf("%w: %s: call its Load, or ask for it with the query (With, SelectIn)", ErrNotLoaded, rel)
	}
	if ch.empty() {
		if st == nil {
			return nil, nil
		}
		return clip(st.items), nil
	}
	if ch.set {
		return clip(ch.added), nil
	}
	var base []unsafe.Pointer
	if st != nil {
		base = st.items
	}
	return ch.apply(base), nil
}

// apply returns base with the changes in it.
func (ch *relChanges) apply(base []unsafe.Pointer) []unsafe.Pointer {
	if ch.set {
		return clip(ch.added)
	}
	out := make([]unsafe.Pointer, 0, len(base)+len(ch.added))
	gone := func(unsafe.Pointer) bool { return false }
	if len(ch.removed) > 0 {
		set := make(map[unsafe.Pointer]bool, len(ch.removed))
		for _, x := range ch.removed {
			set[x] = true
		}
		gone = func(x unsafe.Pointer) bool { return set[x] }
	}
	for _, x := range base {
		if !gone(x) {
			out = append(out, x)
		}
	}
	return append(out, ch.added...)
}

var errNilRelated = errors.New("models: a nil object can not be in a relation")

// cast returns object pointers as the pointers that they are.
func cast[T any](ps []unsafe.Pointer) []*T {
	if len(ps) == 0 {
		return nil
	}
	return unsafe.Slice((**T)(unsafe.Pointer(unsafe.SliceData(ps))), len(ps))[:len(ps):len(ps)]
}

// uncast is the other way round.
func uncast[T any](ps []*T) []unsafe.Pointer {
	if len(ps) == 0 {
		return nil
	}
	return unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(unsafe.SliceData(ps))), len(ps))[:len(ps):len(ps)]
}
