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
//
// Most rows come in the order of a key that the database makes, and few are looked for
// afterwards. So as long as each has come with a higher key than the one before there is
// no map: all are known by their order, until one is looked for among them, or leaves.
type identity struct {
	t    *table
	ints map[int64]*record  // of a table whose key the database makes; nil as long as that is all
	strs map[string]*record // of any other
	all  []*record          // in the order in which they came; may hold some that left
	// highest is the key of the last of all, as long as ints is nil.
	highest int64
}

func (u *Unit) identityOf(t *table) *identity {
	if id := u.latest; id != nil && id.t == t {
		return id // rows of a table come one after another
	}
	id := u.ids[t]
	if id == nil {
		id = &identity{t: t}
		if t.auto == nil {
			id.strs = map[string]*record{}
		}
		u.ids[t] = id
	}
	u.latest = id
	return id
}

// expect readies the map for n further records.
func (id *identity) expect(n int) {
	id.all = slices.Grow(id.all, n)
	switch {
	case len(id.ints)+len(id.strs) > 0: // it grows by doubling
	case id.ints != nil:
		id.ints = make(map[int64]*record, n)
	case id.strs != nil:
		id.strs = make(map[string]*record, n)
	}
}

// index makes the map of integer keys, if there is none yet.
func (id *identity) index() {
	if id.ints != nil {
		return
	}
	id.ints = make(map[int64]*record, cap(id.all))
	for _, r := range id.all {
		id.ints[int64(r.key)] = r
	}
}

// find returns the record with an integer key.
func (id *identity) find(key int64) *record {
	if id.ints == nil {
		if len(id.all) == 0 || key > id.highest {
			return nil
		}
		id.index()
	}
	return id.ints[key]
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
		return id.find(t.autoKey(obj))
	}
	return id.strs[t.keyBytes(obj)]
}

// add enters a record that is new here under its key.
func (id *identity) add(r *record) {
	switch key := int64(r.key); {
	case r.t.auto == nil:
		id.strs[r.t.keyBytes(r.rowImage())] = r
	case id.ints == nil && (len(id.all) == 0 || key > id.highest):
		id.highest = key
	default:
		id.index()
		id.ints[key] = r
	}
	id.all = append(id.all, r)
}

// put enters a record that add has entered before under the key that obj has now.
func (id *identity) put(r *record, obj unsafe.Pointer) {
	if r.t.auto != nil {
		id.index()
		id.ints[r.t.autoKey(obj)] = r
	} else {
		id.strs[r.t.keyBytes(obj)] = r
	}
}

// remove takes the record with the key of obj out.
func (id *identity) remove(t *table, obj unsafe.Pointer) {
	if t.auto != nil {
		id.index()
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
		r = id.find(key[0].Int64())
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
	u.identityOf(r.t).add(r)
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
