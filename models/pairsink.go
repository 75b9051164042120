package models

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A pairSink takes rows of an object and, behind it, the key of a parent that leads to
// it. An object that several parents lead to is kept once.
type pairSink struct {
	n       *loadNode
	sink    objectSink
	excerpt excerpt
	key     *field // as which the column behind the object is read

	of, which []int32 // of each row: the parent's key, the object
	seen      keyTuples
}

// Begin implements driver.Sink.
func (s *pairSink) Begin(cols []driver.Column) error {
	s.of, s.which = nil, nil
	s.seen.reset(s.excerpt)
	if len(cols) != s.excerpt.width()+1 {
		return fmt.Errorf("models: %d columns came back for %s and the key of its parent", len(cols), s.excerpt.t.facts.Model)
	}
	return s.sink.Begin(cols[:s.excerpt.width()])
}

// Row implements driver.Sink.
func (s *pairSink) Row(r driver.Row) error {
	_, err := s.take(r)
	return err
}

// take implements rowHead.
func (s *pairSink) take(r driver.Row) (int32, error) {
	k := int32(-1)
	if at := s.excerpt.width(); !r.IsNull(at) {
		v, err := decodeValue(s.key, r, at)
		if err != nil {
			return 0, err
		}
		k = s.n.keys.add(v)
	}
	i, known, err := s.seen.find(r)
	if err != nil {
		return 0, err
	}
	if !known {
		if err := s.sink.Row(r); err != nil {
			return 0, err
		}
	}
	if last := len(s.of) - 1; last < 0 || s.of[last] != k || s.which[last] != i {
		s.of, s.which = append(s.of, k), append(s.which, i)
	}
	return i, nil
}

// decodeValue reads a column as a field does and encodes it again, so that it compares
// as the field's values do.
func decodeValue(f *field, r driver.Row, i int) (driver.Value, error) {
	p := reflect.New(f.typ).UnsafePointer()
	if err := f.decode(r, i, p); err != nil {
		return driver.Value{}, fmt.Errorf("models: %s: %w", f.path, err)
	}
	return f.encode(p)
}

// keyTuples numbers the objects of a table by their keys as they come in rows.
type keyTuples struct {
	t       *table
	at      []int // the columns of the key
	ints    map[int64]int32
	strs    map[string]int32
	scratch unsafe.Pointer
	buf     []byte
}

func (s *keyTuples) reset(sh excerpt) {
	s.t, s.ints, s.strs, s.at = sh.t, nil, nil, s.at[:0]
	for _, k := range sh.t.key {
		s.at = append(s.at, sh.column(k))
	}
	if sh.t.auto != nil {
		s.ints = map[int64]int32{}
	} else {
		s.strs = map[string]int32{}
	}
}

// none reports whether a row has no object there, as behind an outer join.
func (s *keyTuples) none(r driver.Row) bool { return r.IsNull(s.at[0]) }

// find returns the number of the object in a row, and whether it had one before.
func (s *keyTuples) find(r driver.Row) (i int32, known bool, err error) {
	if s.ints != nil {
		v, err := r.Int64(s.at[0])
		if err != nil {
			return 0, false, fmt.Errorf("models: %s: %w", s.t.auto.path, err)
		}
		if i, known = s.ints[v]; !known {
			i = int32(len(s.ints))
			s.ints[v] = i
		}
		return i, known, nil
	}
	s.scratch = s.t.new() // a key of bytes must not be read over the one before
	s.buf = s.buf[:0]
	for n, k := range s.t.key {
		if err := k.decode(r, s.at[n], k.at(s.scratch)); err != nil {
			return 0, false, fmt.Errorf("models: %s: %w", k.path, err)
		}
		v, err := k.value(s.scratch)
		if err != nil {
			return 0, false, err
		}
		s.buf = appendKey(s.buf, v)
	}
	if i, known = s.strs[string(s.buf)]; !known {
		i = int32(len(s.strs))
		s.strs[string(s.buf)] = i
	}
	return i, known, nil
}
