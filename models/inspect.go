package models

import (
	"context"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/pool"
)

// A State says what a session knows of an object.
type State uint8

// The states, in the order of an object's life.
const (
	// Transient: the object was never loaded, and never added or flushed.
	Transient State = iota
	// Pending: the next flush inserts it.
	Pending
	// Persistent: it has a row, and the next flush writes what is changed in it.
	Persistent
	// Deleting: the next flush deletes its row, or marks that as deleted.
	Deleting
	// Deleted: its row was deleted in the transaction that is open.
	Deleted
	// Detached: it has a row, and belongs to no session or to another one.
	Detached
)

var stateNames = [...]string{"transient", "pending", "persistent", "deleting", "deleted", "detached"}

// String returns the state's name in lower case.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// A Change is a field of an object that differs from its row.
type Change struct {
	// Field is the name of the field in the struct: "Email", or "Home.Street".
	Field string
	// Old is the value in the row as it was last read or written, nil if that is unknown;
	// New is the field's. For a relation both are nil.
	Old, New any
	// Added and Removed are the objects that were put into a relation and taken out of it.
	Added, Removed []any
}

// New returns the objects that the next flush inserts, in the order in which they were
// added. Those that relations of other objects lead to are among them from the flush on.
func (s *Session) New(ctx context.Context) ([]any, error) { return ask(ctx, s, (*Unit).New) }

// Dirty returns the objects that the next flush changes: those with a row in which a field
// or a relation differs from it.
func (s *Session) Dirty(ctx context.Context) ([]any, error) { return ask(ctx, s, (*Unit).Dirty) }

// Deleted returns the objects whose rows the next flush deletes, in the order in which
// they were given to Delete.
func (s *Session) Deleted(ctx context.Context) ([]any, error) { return ask(ctx, s, (*Unit).Deleted) }

// Contains reports whether the session has the object: as a new one, one with a row, or
// one to be deleted.
func (s *Session) Contains(ctx context.Context, x any) (bool, error) {
	return ask(ctx, s, func(u *Unit) link.Chain[bool] { return u.Contains(x) })
}

// State returns what the session knows of an object.
func (s *Session) State(ctx context.Context, x any) (State, error) {
	return ask(ctx, s, func(u *Unit) link.Chain[State] { return u.State(x) })
}

// Changes returns the fields of an object that differ from its row, in the order of the
// struct, relations last. An object that the session does not have is [ErrDetached]; of a
// new one all fields are changes.
func (s *Session) Changes(ctx context.Context, x any) ([]Change, error) {
	return ask(ctx, s, func(u *Unit) link.Chain[[]Change] { return u.Changes(x) })
}

func ask[T any](ctx context.Context, s *Session, compile func(u *Unit) link.Chain[T]) (T, error) {
	return run(ctx, s, func(t Target) link.Chain[T] { return compile(t.unit()) })
}

// question is a chain without operations: it looks at the unit when it is its turn.
type question[T any] struct {
	u *Unit
	f func() (T, error)
}

func (q question[T]) Next() *pool.Op     { return nil }
func (q question[T]) Result() (T, error) { return q.Finish() }

// Finish implements link.Finisher.
func (q question[T]) Finish() (T, error) {
	if q.u.owner.closed.Load() {
		var zero T
		return zero, ErrSessionClosed
	}
	return q.f()
}

func objectsOf(rs []*record) []any {
	var out []any
	for _, r := range rs {
		out = append(out, reflect.NewAt(r.t.typ, r.obj).Interface())
	}
	return out
}

// New compiles [Session.New].
func (u *Unit) New() link.Chain[[]any] {
	return question[[]any]{u, func() ([]any, error) { return objectsOf(u.pending), nil }}
}

// Deleted compiles [Session.Deleted].
func (u *Unit) Deleted() link.Chain[[]any] {
	return question[[]any]{u, func() ([]any, error) { return objectsOf(u.doomed), nil }}
}

// Dirty compiles [Session.Dirty].
func (u *Unit) Dirty() link.Chain[[]any] {
	return question[[]any]{u, func() ([]any, error) {
		var out []*record
		for _, t := range u.e.registry.tables.Load().order {
			id := u.ids[t]
			if id == nil {
				continue
			}
			for _, r := range id.all {
				if r.state == persistent && (r.dirty() || r.related()) {
					out = append(out, r)
				}
			}
		}
		return objectsOf(out), nil
	}}
}

// related reports whether relations of the object have changes to send.
func (r *record) related() bool {
	for _, rel := range r.t.relations {
		if !rel.words(r.obj).pending().empty() {
			return true
		}
	}
	return false
}

// Contains compiles [Session.Contains].
func (u *Unit) Contains(x any) link.Chain[bool] {
	return question[bool]{u, func() (bool, error) {
		s, err := u.stateOf("Contains", x)
		return s == Pending || s == Persistent || s == Deleting, err
	}}
}

// State compiles [Session.State].
func (u *Unit) State(x any) link.Chain[State] {
	return question[State]{u, func() (State, error) { return u.stateOf("State", x) }}
}

func (u *Unit) stateOf(verb string, x any) (State, error) {
	t, obj, err := u.object(verb, x)
	if err != nil {
		return Transient, err
	}
	if r := u.recordOf(t, obj); r != nil {
		return State(r.state), nil
	}
	o := t.originOf(obj)
	switch {
	case o == nil, o.rec == nil && t.keyHash(obj) != o.key:
		return Transient, nil
	case o.rec != nil && o.rec.state != persistent && o.rec.state != deleting:
		return Transient, nil
	case o.rec != nil && o.rec.obj != obj && t.keyHash(obj) != o.key:
		return Transient, nil
	}
	return Detached, nil
}

// Changes compiles [Session.Changes].
func (u *Unit) Changes(x any) link.Chain[[]Change] {
	return question[[]Change]{u, func() ([]Change, error) {
		t, obj, err := u.object("Changes", x)
		if err != nil {
			return nil, err
		}
		r := u.recordOf(t, obj)
		if r == nil || r.state != pending && r.state != persistent && r.state != deleting {
			return nil, fmt.Errorf("%w: Changes: this %s", ErrDetached, t.facts.Model)
		}
		return r.changes(), nil
	}}
}

// changes describes what differs.
func (r *record) changes() (out []Change) {
	var old unsafe.Pointer
	if r.snap != nil {
		old = r.t.clone(r.snap)
		for i, f := range r.t.deep {
			fresh := r.t.new()
			if i < len(r.aux) && f.decode(valueRow(r.aux), i, f.at(fresh)) == nil {
				f.move(f.at(old), f.at(fresh))
			}
		}
	}
	for _, f := range r.changed(nil) {
		c := Change{Field: f.path[len(structName(r.t.typ))+1:], New: reflect.NewAt(f.typ, f.at(r.obj)).Elem().Interface()}
		if old != nil {
			c.Old = reflect.NewAt(f.typ, f.at(old)).Elem().Interface()
		}
		out = append(out, c)
	}
	for _, rel := range r.t.relations {
		ch := rel.words(r.obj).pending()
		if ch.empty() {
			continue
		}
		c := Change{Field: rel.name}
		for _, x := range ch.added {
			c.Added = append(c.Added, reflect.NewAt(rel.target.typ, x).Interface())
		}
		removed := ch.removed
		if st := rel.words(r.obj).load(); ch.set && st != nil {
			for _, x := range st.items {
				if len(ch.added) == 0 || ch.added[0] != x {
					removed = append(clip(removed), x)
				}
			}
		}
		for _, x := range removed {
			c.Removed = append(c.Removed, reflect.NewAt(rel.target.typ, x).Interface())
		}
		out = append(out, c)
	}
	return out
}
