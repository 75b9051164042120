package models

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A reader makes sinks for the rows of a query.
type reader interface {
	// sink makes a sink for about hint rows, 0 if nobody knows how many. The rows are for
	// a session, which keeps track of where objects come from, or for nobody.
	sink(hint int, session bool) rowSink
}

// A rowSink collects rows in fresh memory, on whatever goroutine reads the connection.
type rowSink interface {
	driver.Sink
	result() rowRange
	// attach hands the rows to a session, which may answer with objects that it has.
	attach(u *Unit)
	// gather tells objects that they came together.
	gather(e *Engine)
}

// entity reads objects of a table.
type entity struct {
	excerpt
	maker
}

func (e entity) table() *table { return e.t }

func (e entity) sink(hint int, session bool) rowSink {
	return &entitySink{excerpt: e.excerpt, maker: e.maker, hint: hint, mark: e.t.hasOrigin && !session}
}

// entitySink decodes each row into a struct of a slab, field by field at its offset.
type entitySink struct {
	excerpt
	maker
	hint       int
	mark       bool  // tie each object to an origin
	next, room int32 // of the slab
	slab       unsafe.Pointer
	out        []unsafe.Pointer
	origins    []origin // of the objects in the slab
}

func (s *entitySink) Begin(cols []driver.Column) error {
	if len(cols) != s.width() {
		return fmt.Errorf("models: %d columns came back for %s, of which %d were asked for", len(cols), s.t.facts.Model, s.width())
	}
	s.out, s.slab, s.origins, s.next, s.room = s.out[:0], nil, nil, 0, 0
	return nil
}

// slabBytes bounds a slab, since one object that is kept keeps its slab.
const slabBytes = 16 << 10

func (s *entitySink) grow() {
	n := s.hint
	if n == 0 {
		n = max(2, len(s.out)) // most queries find few
	}
	n = max(1, min(n, slabBytes/int(max(1, s.t.size))))
	s.slab, s.next, s.room = s.extend(nil, 0, n), 0, int32(n)
	if s.mark {
		s.origins = make([]origin, n)
	}
	if s.out == nil {
		s.out = make([]unsafe.Pointer, 0, n)
	}
}

func (s *entitySink) Row(r driver.Row) error {
	if s.next == s.room {
		s.grow()
	}
	obj := unsafe.Add(s.slab, uintptr(s.next)*s.t.size)
	for i, f := range s.fields() {
		if err := f.decode(r, s.base+i, unsafe.Add(obj, f.off)); err != nil {
			return fmt.Errorf("models: %s: %w", f.path, err)
		}
	}
	if s.mark {
		o := &s.origins[s.next]
		o.t, o.key, o.partial = s.t, s.t.keyHash(obj), s.partial
		s.t.bind(obj, o)
	}
	if s.t.hooks.has(afterLoad) {
		if late, ok := r.(*lateRow); ok {
			late.arrived = append(late.arrived, arrival{s.t, obj})
		}
	}
	s.next++
	s.out = append(s.out, obj)
	return nil
}

func (s *entitySink) result() rowRange { return rangeOf(s.out) }

func (s *entitySink) objects() []unsafe.Pointer { return clip(s.out) }

func (s *entitySink) of() excerpt { return s.excerpt }

func (s *entitySink) gather(e *Engine) { gather(e, s.t, s.objects()) }

func (s *entitySink) attach(u *Unit) {
	var snaps unsafe.Pointer
	var recs []record
	if id := u.identityOf(s.t); len(s.out) > 1 && len(id.all) == 0 {
		id.expect(len(s.out))
	}
	for i, obj := range s.out {
		rec, fresh := u.loaded(s.t, obj, s.partial)
		if !fresh {
			s.out[i] = rec.obj
			continue
		}
		if len(recs) == 0 {
			n := min(len(s.out)-i, 256)
			recs, snaps = make([]record, n), s.extend(nil, 0, n)
		} else {
			snaps = unsafe.Add(snaps, s.t.size)
		}
		rec, recs = &recs[0], recs[1:]
		s.move(snaps, obj)
		rec.snap = snaps
		rec.partial = s.partial
		u.manage(rec, s.t, obj)
	}
}

// A cell is a column of a result and where in the row it goes.
type cell struct {
	c   *codec
	off uintptr
	col int
}

// values reads rows of plain values.
type values struct {
	maker
	cells []cell
	// single: a row is one value, not a struct of values.
	single bool
}

func (v values) sink(hint int, _ bool) rowSink {
	return &valueSink{maker: v.maker, cells: v.cells, hint: hint}
}

type valueSink struct {
	maker
	cells   []cell
	hint    int
	size    uintptr
	out     unsafe.Pointer
	n, room int // of the rows at out
	names   []driver.Column
	// late: cells may be decoded when all rows are read, so a row must stay where it is.
	late  bool
	boxes []unsafe.Pointer
}

func (s *valueSink) Begin(cols []driver.Column) error {
	s.out, s.n, s.room, s.names, s.boxes, s.late = nil, 0, 0, cols, nil, false
	for i, c := range s.cells {
		if !c.c.own {
			continue
		}
		if !s.late {
			s.late, s.cells = true, slices.Clone(s.cells)
		}
		s.cells[i].c = c.c.placed(fmt.Sprintf("column %d (%s)", c.col+1, cols[c.col].Name), "")
	}
	s.size = s.bytes()
	if s.hint > 0 {
		s.grow(min(s.hint, 1024))
	}
	return nil
}

func (s *valueSink) grow(room int) { s.out, s.room = s.extend(s.out, s.n, room), room }

func (s *valueSink) Row(r driver.Row) error {
	if s.late {
		box := s.extend(nil, 0, 1)
		s.boxes = append(s.boxes, box)
		return s.decode(r, box)
	}
	if s.n == s.room {
		s.grow(max(4, s.room+min(s.room, s.room/4+768))) // twice as many, later a quarter more
	}
	row := unsafe.Add(s.out, uintptr(s.n)*s.size)
	s.n++
	return s.decode(r, row)
}

func (s *valueSink) decode(r driver.Row, row unsafe.Pointer) error {
	for i := range s.cells {
		if err := s.cells[i].read(r, row, s.names); err != nil {
			return err
		}
	}
	return nil
}

// read decodes one cell; a NULL needs a place that can hold it.
func (c *cell) read(r driver.Row, row unsafe.Pointer, names []driver.Column) error {
	if !c.c.nullable && r.IsNull(c.col) {
		return fmt.Errorf("models: column %d (%s): %w", c.col+1, names[c.col].Name, errUnexpectedNull)
	}
	if err := c.c.decode(r, c.col, unsafe.Add(row, c.off)); err != nil {
		return fmt.Errorf("models: column %d (%s): %w", c.col+1, names[c.col].Name, err)
	}
	return nil
}

var errUnexpectedNull = errors.New("it is NULL; read it as a pointer (models.Nullable) or give it a value (models.Coalesce)")

func (s *valueSink) result() rowRange {
	if len(s.boxes) > 0 {
		s.grow(s.n + len(s.boxes))
	}
	for _, b := range s.boxes {
		s.move(unsafe.Add(s.out, uintptr(s.n)*s.size), b)
		s.n++
	}
	s.boxes = nil
	return rowRange{s.out, s.n, s.n}
}

func (s *valueSink) attach(*Unit)   {}
func (s *valueSink) gather(*Engine) {}
