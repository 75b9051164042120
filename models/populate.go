package models

import (
	"errors"
	"unsafe"
)

// PopulateExisting has the rows of the query overwrite the session's objects that it has
// of them, also where they were changed and not flushed; with [Query.With] their relations
// are loaded anew too. Without it a row never touches an object that the session has,
// unless that is expired. From the call until the verb returns, or its future settles, the
// objects belong to the session. On the database itself it changes nothing.
func (q Query[R]) PopulateExisting() Query[R] { return Query[R]{q: q.q.populating()} }

//go:noinline
func (q *query) populating() *query {
	return q.with(func(n *query) error {
		if _, ok := n.rows.(interface{ table() *table }); !ok {
			return errors.New("models: PopulateExisting does not fit this kind of query: only objects are the session's")
		}
		n.populate = true
		return n.only("PopulateExisting", selectQuery)
	})
}

// populate overwrites the objects of a result that the session has.
func (u *Unit) populate(e excerpt, rows []unsafe.Pointer, loads *loader) {
	t := e.t
	for _, obj := range rows {
		r := u.identityOf(t).at(t, obj)
		if r == nil {
			continue
		}
		if r.refresh(t.clone(obj), true, e.partial); e.partial == nil {
			r.epoch = u.epoch
		}
		u.arrive(t, r.obj)
		if loads == nil {
			continue
		}
		for _, n := range loads.nodes {
			w := n.rel.words(r.obj)
			w.changes = nil
			n.rel.forget(r.obj)
		}
	}
}
