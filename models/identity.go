package models

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// appendKey appends an encoded key value such that different keys give different bytes.
func appendKey(b []byte, v driver.Value) []byte {
	b = append(b, byte(v.Kind()))
	switch v.Kind() {
	case driver.KindInt64:
		return binary.BigEndian.AppendUint64(b, uint64(v.Int64()))
	case driver.KindBool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case driver.KindFloat64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float64()))
	case driver.KindTime:
		return binary.BigEndian.AppendUint64(b, uint64(v.Time().UnixMicro()))
	case driver.KindUUID:
		u := v.UUID()
		return append(b, u[:]...)
	case driver.KindText, driver.KindBytes, driver.KindJSON:
		b = binary.AppendUvarint(b, uint64(len(v.Bytes())))
		return append(b, v.Bytes()...)
	default:
		return b
	}
}

// An identity map holds the records of one table by key.
type identity struct {
	ints map[int64]*record  // of a table whose key the database makes
	strs map[string]*record // of any other
	all  []*record          // in the order in which they came; may hold some that left
}

func (u *Unit) identityOf(t *table) *identity {
	id := u.ids[t]
	if id == nil {
		id = &identity{}
		if t.auto != nil {
			id.ints = map[int64]*record{}
		} else {
			id.strs = map[string]*record{}
		}
		u.ids[t] = id
	}
	return id
}

// expect readies the map for n further records.
func (id *identity) expect(n int) {
	id.all = slices.Grow(id.all, n)
	switch {
	case len(id.ints)+len(id.strs) > 0: // it grows by doubling
	case id.ints != nil:
		id.ints = make(map[int64]*record, n)
	default:
		id.strs = make(map[string]*record, n)
	}
}

// keyBytes is the key of an object as bytes.
func (t *table) keyBytes(obj unsafe.Pointer) string {
	var b [64]byte
	k := b[:0]
	for _, f := range t.key {
		v, err := f.encode(f.at(obj))
		if err == nil {
			k = appendKey(k, v)
		}
	}
	return string(k)
}

// at returns the record with the key of an object.
func (id *identity) at(t *table, obj unsafe.Pointer) *record {
	if t.auto != nil {
		return id.ints[t.autoKey(obj)]
	}
	return id.strs[t.keyBytes(obj)]
}

// put enters a record under the key that obj has.
func (id *identity) put(r *record, obj unsafe.Pointer) {
	if r.t.auto != nil {
		id.ints[r.t.autoKey(obj)] = r
	} else {
		id.strs[r.t.keyBytes(obj)] = r
	}
}

// remove takes the record with the key of obj out.
func (id *identity) remove(t *table, obj unsafe.Pointer) {
	if t.auto != nil {
		delete(id.ints, t.autoKey(obj))
	} else {
		delete(id.strs, t.keyBytes(obj))
	}
}

// known returns the record with a key given by its values, unless it has to be read
// again.
func (u *Unit) known(t *table, key []driver.Value) *record {
	id := u.ids[t]
	if id == nil {
		return nil
	}
	var r *record
	if t.auto != nil {
		r = id.ints[key[0].Int64()]
	} else {
		var k []byte
		for _, v := range key {
			k = appendKey(k, v)
		}
		r = id.strs[string(k)]
	}
	if r == nil || r.epoch != u.epoch || t.marked(r.rowImage()) {
		return nil
	}
	return r
}

// loaded looks up the object of a row just read. If the session has none, fresh is true;
// else the record says what it has, brought up to date if it was expired. p is what the
// row lacks.
func (u *Unit) loaded(t *table, obj unsafe.Pointer, p *partial) (r *record, fresh bool) {
	r = u.identityOf(t).at(t, obj)
	if r == nil {
		return nil, true
	}
	if r.epoch != u.epoch {
		if r.refresh(obj, false, p); p == nil {
			r.epoch = u.epoch
		}
		u.arrive(t, r.obj)
	}
	return r, false
}

// manage enters the object of a row just read. rec is new, but may have its snapshot.
func (u *Unit) manage(r *record, t *table, obj unsafe.Pointer) {
	r.t, r.obj, r.rec, r.owner = t, obj, r, u.owner
	r.state, r.epoch = persistent, u.epoch
	if r.snap != nil {
		r.aux = t.encodeDeep(obj)
	}
	u.enter(r)
	u.arrive(t, obj)
}

// enter puts a record with a row into the identity map and ties the object to it.
func (u *Unit) enter(r *record) {
	r.key = r.t.keyHash(r.rowImage())
	id := u.identityOf(r.t)
	id.put(r, r.rowImage())
	id.all = append(id.all, r)
	u.tie(r)
}

// tie makes the record reachable from its object.
func (u *Unit) tie(r *record) {
	if r.t.hasOrigin {
		r.t.rebind(r.obj, &r.origin)
	} else {
		u.loose[r.obj] = r
	}
}

// untie makes the object forget its record.
func (u *Unit) untie(r *record) {
	switch {
	case !r.t.hasOrigin:
		if u.loose[r.obj] == r {
			delete(u.loose, r.obj)
		}
	case *r.t.word(r.obj) == unsafe.Pointer(&r.origin):
		r.t.rebind(r.obj, nil)
	}
}
