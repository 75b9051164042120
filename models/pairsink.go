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
	n    *loadNode
	sink objectSink
	t    *table
	key  *field // as which the last column is read

	of, which []int32 // of each row: the parent's key, the object
	seen      keyTuples
}

// Begin implements driver.Sink.
func (s *pairSink) Begin(cols []driver.Column) error {
	s.of, s.which = nil, nil
	s.seen.reset(s.t)
	if len(cols) != len(s.t.fields)+1 {
		return fmt.Errorf("models: %d columns came back for %s and the key of its parent", len(cols), s.t.facts.Model)
	}
	return s.sink.Begin(cols[:len(s.t.fields)])
}

// Row implements driver.Sink.
func (s *pairSink) Row(r driver.Row) error {
	k := int32(-1)
	if at := len(s.t.fields); !r.IsNull(at) {
		v, err := decodeValue(s.key, r, at)
		if err != nil {
			return err
		}
		k = s.n.keys.find(v)
	}
	i, known, err := s.seen.find(r)
	if err != nil {
		return err
	}
	if !known {
		if err := s.sink.Row(r); err != nil {
			return err
		}
	}
	s.of, s.which = append(s.of, k), append(s.which, i)
	return nil
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
	ints    map[int64]int32
	strs    map[string]int32
	scratch unsafe.Pointer
	buf     []byte
}

func (s *keyTuples) reset(t *table) {
	s.t, s.ints, s.strs = t, nil, nil
	if t.auto != nil {
		s.ints = map[int64]int32{}
	} else {
		s.strs = map[string]int32{}
	}
}

// find returns the number of the object in a row whose first columns are those of t, and
// whether it had one before.
func (s *keyTuples) find(r driver.Row) (i int32, known bool, err error) {
	if s.ints != nil {
		v, err := r.Int64(s.t.auto.pos)
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
	for _, k := range s.t.key {
		if err := k.decode(r, k.pos, k.at(s.scratch)); err != nil {
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
