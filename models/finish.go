package models

import (
	"fmt"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/pool"
)

// flushChain is Flush or Commit as a chain.
type flushChain struct{ f flush }

func (c *flushChain) Next() *pool.Op                { return c.f.Next() }
func (c *flushChain) Result() (struct{}, error)     { return struct{}{}, c.f.err }
func (c *flushChain) Finish() (z struct{}, _ error) { return z, c.f.finish() }

// An undo says how to take back what a flush did to a record.
type undo struct {
	rec    *record
	from   state // what the record was before: pending, persistent (changed) or deleting
	along  bool  // deleted along with others: not by itself
	filled []*field
	was    *before // nil if there is nothing in it: a large flush inserts many rows
}

// before is what a record and its object had before a flush.
type before struct {
	snap    unsafe.Pointer
	aux     []driver.Value
	partial *partial
	keys    []fieldUndo // foreign keys that followed relations
}

// finish brings the records up to date with what happened.
func (f *flush) finish() error {
	u := f.u
	u.touch()
	if f.worked {
		f.apply()
	}
	switch {
	case f.failed: // the transaction is gone
		u.release()
		u.takeBack(undoMark{}, true)
		return fmt.Errorf("commit: %w", f.err)
	case f.err == nil && f.commit:
		u.committed()
	case f.err == nil, f.flown == nil: // all is well, or nothing was sent
	case f.own:
		u.release()
	case !f.cleared:
		u.lost = f.err
	}
	return f.err
}

// apply enters the results of the work into objects and records.
func (f *flush) apply() {
	u := f.u
	f.makeRoom()
	for i := range f.work {
		w := &f.work[i]
		switch {
		case w.batch != nil:
			for j, r := range w.recs {
				if r.owner == nil { // a row of an association
					continue
				}
				if len(r.t.relations) > 0 {
					f.fresh = append(f.fresh, r)
				}
				keys := w.set(r)
				filled := w.batch.fill(j)
				un := undo{rec: r, from: pending, filled: filled}
				if keys != nil {
					un.was = &before{keys: keys}
				}
				u.undo = append(u.undo, un)
				r.state, r.epoch = persistent, u.epoch
				r.take()
				u.enter(r)
			}
		case w.verb == "update":
			r := w.recs[0]
			was := &before{snap: r.snap, aux: r.aux, partial: r.partial}
			un := undo{rec: r, from: persistent, was: was}
			rekey := false
			for _, fd := range w.fields {
				if w.stamps(fd) {
					*(*time.Time)(fd.at(r.obj)) = w.now
				}
				rekey = rekey || r.t.isKey(fd)
			}
			was.keys = append(w.set(r), w.counting(r)...)
			id := u.identityOf(r.t)
			if rekey && r.snap != nil {
				id.remove(r.t, r.snap)
			}
			r.take()
			r.partial = r.partial.known(w.fields...)
			if r.t.generated > 0 {
				r.epoch = 0 // what is made of the changes has to be read
			}
			if rekey {
				r.key = r.t.keyHash(r.obj)
				id.put(r, r.obj)
			}
			u.undo = append(u.undo, un)
			r.follow()
		default:
			for _, r := range w.recs {
				u.bury(r, w, f.graph.lost[r])
			}
			for _, r := range w.marks {
				u.bury(r, w, true)
			}
		}
	}
	for _, r := range f.along {
		u.bury(r, nil, true)
	}
	u.pending, u.doomed = nil, nil
	u.settled(f)
	u.sweep()
}

// makeRoom readies what grows by each record of the work: to let them grow step by step
// would copy a large flush several times.
func (f *flush) makeRoom() {
	u := f.u
	all, news := 0, map[*table]int{}
	for i := range f.work {
		w := &f.work[i]
		all += len(w.recs)
		if w.batch != nil && len(w.recs) > 0 && w.recs[0].owner != nil {
			news[w.recs[0].t] += len(w.recs)
		}
	}
	u.undo = slices.Grow(u.undo, all)
	for t, n := range news {
		u.identityOf(t).expect(n)
	}
}

// bury enters that the row of a record was deleted, by w or along with others.
func (u *Unit) bury(r *record, w *work, along bool) {
	if r.state == deleted {
		return
	}
	un := undo{rec: r, from: deleting, along: along}
	if r.soft = w != nil && w.soft; r.soft {
		if keys := w.markDeleted(r); keys != nil {
			un.was = &before{keys: keys}
		}
	}
	u.undo = append(u.undo, un)
	r.state = deleted
	u.identityOf(r.t).remove(r.t, r.rowImage())
}

// rowImage is the object, or its snapshot, that has the key of the row.
func (r *record) rowImage() unsafe.Pointer {
	if r.snap != nil {
		return r.snap
	}
	return r.obj
}

// sweep drops records that left from the lists of the identity maps.
func (u *Unit) sweep() {
	for _, id := range u.ids {
		kept := id.all[:0]
		for _, r := range id.all {
			if r.state == persistent || r.state == deleting {
				kept = append(kept, r)
			}
		}
		clear(id.all[len(kept):])
		id.all = kept
	}
}

// committed makes what the transaction did final.
func (u *Unit) committed() {
	for _, un := range u.undo {
		if r := un.rec; r != nil && r.state == deleted {
			u.untie(r)
			if r.soft && r.t.hasOrigin { // it can be added again, to bring the row back
				r.t.rebind(r.obj, &origin{t: r.t, key: r.t.keyHash(r.obj)})
			}
		}
	}
	u.undo, u.relUndo = nil, nil
	u.release()
	if u.options.ExpireOnCommit {
		u.expire()
	}
}

// An undoMark is a moment in a transaction: how many steps it had taken then.
type undoMark struct{ undo, relUndo int }

// takeBack makes undone what the transaction did since a moment. With keep the changes
// stay in the objects, to be flushed again: new objects are pending again, without what
// was filled in. Without it new objects become strangers and changed ones get their old
// values.
func (u *Unit) takeBack(first undoMark, keep bool) {
	var again []*record
	for i := len(u.undo) - 1; i >= first.undo; i-- {
		un := &u.undo[i]
		r := un.rec
		if r == nil { // it has left the session
			continue
		}
		id := u.identityOf(r.t)
		switch un.from {
		case pending:
			if r.state == persistent || r.state == deleting {
				id.remove(r.t, r.rowImage())
			}
			for _, fd := range un.filled {
				reflect.NewAt(fd.typ, fd.at(r.obj)).Elem().SetZero()
			}
			un.restore()
			gone := r.state == deleting // it was deleted in the same transaction
			u.doomed = remove(u.doomed, r)
			r.snap, r.aux, r.state, r.key = nil, nil, transient, 0
			if keep && !gone {
				r.state = pending
				again = append(again, r)
			} else {
				u.untie(r)
			}
		case persistent:
			id.remove(r.t, r.rowImage())
			r.partial = un.was.partial
			if r.snap, r.aux = un.was.snap, un.was.aux; keep || r.snap == nil {
				un.restore()
			}
			id.put(r, r.rowImage())
			r.key = r.t.keyHash(r.rowImage())
		case deleting:
			r.state, r.soft = persistent, false
			un.restore()
			u.tie(r)
			r.key = r.t.keyHash(r.rowImage())
			id.add(r)
			if keep && !un.along {
				r.state = deleting
				u.doomed = append(u.doomed, r)
			}
		}
	}
	left := len(u.undo) > first.undo
	clear(u.undo[first.undo:])
	u.undo = u.undo[:first.undo]
	u.takeBackRelations(first.relUndo, keep)
	if left {
		u.sweep()
	}
	if keep {
		for i := len(again) - 1; i >= 0; i-- {
			u.pending = append(u.pending, again[i])
		}
		return
	}
	for _, r := range u.pending {
		r.state = transient
		u.untie(r)
	}
	for _, r := range u.doomed {
		r.state = persistent
	}
	u.pending, u.doomed, u.bad = nil, nil, nil
	for _, id := range u.ids {
		for _, r := range id.all {
			r.restore()
			r.partial = r.partial.reset()
		}
	}
	if u.options.ExpireOnCommit {
		u.expire()
	}
}

// rollback is Rollback or Close as a chain.
type rollback struct {
	u     *Unit
	close bool
	op    pool.Op
	sent  bool
}

func (c *rollback) Next() *pool.Op {
	u := c.u
	if c.sent || u.lease == nil || !u.lease.Held() {
		return nil
	}
	c.sent = true
	c.op.Role, c.op.Continuation = driver.Writer, true
	c.op.Statements = []driver.Statement{{SQL: "ROLLBACK", Class: driver.Rollback}}
	return &c.op
}

func (c *rollback) Result() (struct{}, error) { return struct{}{}, nil }

// Finish implements link.Finisher. A ROLLBACK that failed is no error: giving the
// connection back undoes what is left, or closes it.
func (c *rollback) Finish() (z struct{}, err error) {
	u := c.u
	if u.owner.closed.Load() {
		if c.close {
			return z, nil
		}
		return z, ErrSessionClosed
	}
	u.release()
	u.lost = nil
	u.takeBack(undoMark{}, c.close)
	if c.close {
		for _, r := range u.pending {
			r.state = transient
			u.untie(r)
		}
		for _, r := range u.doomed {
			r.state = persistent
		}
		u.owner.closed.Store(true)
		u.owner.unit = nil
		u.latest = nil
		u.ids, u.loose, u.pending, u.doomed = nil, nil, nil, nil
	}
	return z, nil
}
