package models

import (
	"sync/atomic"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// A record is what a session knows of one object.
type record struct {
	origin // what the object's hidden word points to
	obj    unsafe.Pointer
	// snap is a copy of the object as the database has it, nil if that is unknown; aux
	// holds its deep fields, encoded.
	snap  unsafe.Pointer
	aux   []driver.Value
	owner *owner
	epoch uint32 // of the session when the row was read
	state state
	purge bool // deleting is to remove a row that it could only mark
	soft  bool // deleted by a mark: there still is a row
	hook  bool // added by a hook
}

// An owner tells whether the session that a record belongs to is still open. It is all
// that an object keeps of a closed session.
type owner struct {
	closed atomic.Bool
	epoch  atomic.Uint32 // of the session: what was loaded in another one is expired
	host   link.Host     // the session, to load relations
	unit   *Unit         // belongs to who runs the session; nil once that is closed
}

type state uint8

const (
	transient  state = iota // unknown to the database and to any session
	pending                 // to be inserted by the next flush
	persistent              // has a row
	deleting                // to be deleted by the next flush
	deleted                 // deleted in the open transaction, or before
)

// live reports whether the record belongs to an open session.
func (r *record) live() bool { return r != nil && r.owner != nil && !r.owner.closed.Load() }

// take makes the object's present values the snapshot.
func (r *record) take() {
	r.snap = r.t.clone(r.obj)
	r.aux = r.t.encodeDeep(r.obj)
}

// encodeDeep encodes the deep fields of an object. What can not be encoded counts as
// NULL, so that it counts as changed; writing it reports why.
func (t *table) encodeDeep(obj unsafe.Pointer) []driver.Value {
	if len(t.deep) == 0 {
		return nil
	}
	aux := make([]driver.Value, len(t.deep))
	for i, f := range t.deep {
		v, err := f.encode(f.at(obj))
		if err != nil {
			continue
		}
		switch v.Kind() {
		case driver.KindBytes: // it refers to the object's memory
			v = driver.Bytes(append([]byte{}, v.Bytes()...))
		case driver.KindJSON:
			v = driver.JSON(append([]byte{}, v.Bytes()...))
		}
		aux[i] = v
	}
	return aux
}

// changed appends the fields in which the object differs from its snapshot: all but the
// key if there is none.
func (r *record) changed(out []*field) []*field {
	if r.snap == nil {
		for _, f := range r.t.fields {
			if !r.t.isKey(f) && !f.generated && !(r.partial.lacks(f) && f.zero(f.at(r.obj))) {
				out = append(out, f)
			}
		}
		return out
	}
	deep := 0
	for _, f := range r.t.fields {
		same := false
		if f.deep {
			v, err := f.encode(f.at(r.obj))
			same = err == nil && sameValue(v, r.aux[deep])
			deep++
		} else {
			same = f.same(f.at(r.obj), f.at(r.snap))
		}
		if (!same || r.partial.sets(f)) && !f.generated {
			out = append(out, f)
		}
	}
	return out
}

// dirty reports whether changed has anything to report.
func (r *record) dirty() bool {
	var few [4]*field
	return len(r.changed(few[:0])) > 0
}

// restore gives the object the values of its snapshot.
func (r *record) restore() {
	if r.snap == nil {
		return
	}
	deep := 0
	for _, f := range r.t.fields {
		if !f.deep {
			f.move(f.at(r.obj), f.at(r.snap))
			continue
		}
		v, err := f.encode(f.at(r.obj))
		if err != nil || !sameValue(v, r.aux[deep]) {
			fresh := r.t.new()
			if f.decode(valueRow(r.aux), deep, f.at(fresh)) == nil {
				f.move(f.at(r.obj), f.at(fresh))
			}
		}
		deep++
	}
}

// refresh takes over a row read again: fresh becomes the snapshot, and the object gets
// its values except where it was changed. What p lacks stays as it is.
func (r *record) refresh(fresh unsafe.Pointer, overwrite bool, p *partial) {
	var few [8]*field
	mine := map[*field]bool{}
	if !overwrite && r.snap != nil {
		for _, f := range r.changed(few[:0]) {
			mine[f] = true
		}
	}
	for _, f := range r.t.fields {
		switch {
		case p.lacks(f):
			f.move(f.at(fresh), f.at(r.rowImage()))
		case !mine[f]:
			f.move(f.at(r.obj), f.at(fresh))
		}
	}
	r.partial = r.partial.met(p)
	r.snap, r.aux = fresh, r.t.encodeDeep(fresh)
	r.follow()
}

// refreshOnly takes some columns of a row read again over.
func (r *record) refreshOnly(fields []*field, fresh unsafe.Pointer) {
	if r.snap == nil {
		r.snap, r.aux = r.t.clone(fresh), r.t.encodeDeep(fresh)
	}
	aux := r.t.encodeDeep(fresh)
	for _, f := range fields {
		f.move(f.at(r.obj), f.at(fresh))
		f.move(f.at(r.snap), f.at(fresh))
		for i, d := range r.t.deep {
			if d == f {
				r.aux[i] = aux[i]
			}
		}
	}
	r.partial = r.partial.known(fields...)
	r.follow()
}

func (t *table) isKey(f *field) bool {
	for _, k := range t.key {
		if k == f {
			return true
		}
	}
	return false
}
