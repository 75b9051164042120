package models

import "unsafe"

// Expunge takes objects out of the session's care, with the changes in them that were not
// flushed: they keep their values and are detached, as those of a closed session are; new
// ones are as if they had never been added. What was flushed before stays part of the
// transaction. Objects that the session does not have are left alone, and so is what
// relations lead to. A mistake, such as an argument that is no object, comes out of the
// next flush.
func (s *Session) Expunge(objs ...any) { s.mark(func() { s.unit.Expunge(objs...) }) }

// Expunge is [Session.Expunge].
func (u *Unit) Expunge(objs ...any) {
	for _, x := range objs {
		t, obj, err := u.object("Expunge", x)
		if err != nil {
			u.fail(err)
			continue
		}
		if r := u.recordOf(t, obj); r != nil {
			u.expunge(r)
		}
	}
}

// gone is the owner of records that have left their session.
var gone = func() *owner {
	o := &owner{}
	o.closed.Store(true)
	return o
}()

func (u *Unit) expunge(r *record) {
	switch r.state {
	case pending:
		u.pending = remove(u.pending, r)
		r.state = transient
		u.untie(r)
		return
	case deleting:
		u.doomed = remove(u.doomed, r)
		r.state, r.purge = persistent, false
	case persistent:
	default:
		return
	}
	id := u.identityOf(r.t)
	id.remove(r.t, r.rowImage())
	id.all = remove(id.all, r)
	if !r.t.hasOrigin {
		delete(u.loose, r.obj)
	}
	// What a rollback would do to it is no longer the session's business.
	for i := range u.undo {
		if u.undo[i].rec == r {
			u.undo[i].rec = nil
		}
	}
	for i := range u.relUndo {
		if u.relUndo[i].r == r {
			u.relUndo[i].r = nil
		}
	}
	r.owner = gone
	for _, rel := range r.t.relations { // what is loaded counts, as for a closed session
		if w := rel.words(r.obj); w.load() != nil {
			st := *w.load()
			st.owner = nil
			w.store(&st)
		}
	}
}

// forget has nothing of a relation count as loaded any more; what it has stays readable.
func (rel *relation) forget(obj unsafe.Pointer) {
	w := rel.words(obj)
	if old := w.load(); old != nil && old.mark == markLoaded && old.owner != nil {
		st := *old
		st.epoch = 0 // no session's
		w.store(&st)
	}
}
