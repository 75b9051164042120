package models

import "github.com/spillwaydb/spillway/internal/driver"

// A keyIndex numbers different key values.
type keyIndex struct {
	values []driver.Value
	ints   map[int64]int32
	strs   map[string]int32
	buf    []byte
}

func newKeyIndex(f *field, hint int) keyIndex {
	if f.kind.Integer() {
		return keyIndex{ints: make(map[int64]int32, hint)}
	}
	return keyIndex{strs: make(map[string]int32, hint)}
}

func (x *keyIndex) len() int { return len(x.values) }

// find returns the number of a value, -1 if it has none.
func (x *keyIndex) find(v driver.Value) int32 {
	var i int32
	var ok bool
	if x.ints != nil {
		i, ok = x.ints[v.Int64()]
	} else {
		x.buf = appendKey(x.buf[:0], v)
		i, ok = x.strs[string(x.buf)]
	}
	if !ok {
		return -1
	}
	return i
}

// add returns the number of a value, which it gets if it has none.
func (x *keyIndex) add(v driver.Value) int32 {
	if i := x.find(v); i >= 0 {
		return i
	}
	i := int32(len(x.values))
	if x.ints != nil {
		x.ints[v.Int64()] = i
	} else {
		x.strs[string(x.buf)] = i
	}
	x.values = append(x.values, v)
	return i
}
