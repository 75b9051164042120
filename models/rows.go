package models

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A reader makes sinks for the rows of a query.
type reader[R any] interface {
	// sink makes a sink for about hint rows, 0 if nobody knows how many. The rows are for
	// a session, which keeps track of where objects come from, or for nobody.
	sink(hint int, session bool) rowSink[R]
}

// A rowSink collects rows in fresh memory, on whatever goroutine reads the connection.
type rowSink[R any] interface {
	driver.Sink
	result() []R
	// attach hands the rows to a session, which may answer with objects that it has.
	attach(u *Unit)
	// gather tells objects that they came together.
	gather(e *Engine)
}

// entity reads objects of a table.
type entity[T any] struct{ excerpt }

func (e entity[T]) table() *table { return e.t }

func (e entity[T]) sink(hint int, session bool) rowSink[*T] {
	return &entitySink[T]{excerpt: e.excerpt, hint: hint, mark: e.t.hasOrigin && !session}
}

// entitySink decodes each row into a struct of a slab, field by field at its offset.
type entitySink[T any] struct {
	excerpt
	hint    int
	mark    bool // tie each object to an origin
	out     []*T
	slab    []T
	origins []origin
}

func (s *entitySink[T]) Begin(cols []driver.Column) error {
	if len(cols) != s.width() {
		return fmt.Errorf("models: %d columns came back for %s, of which %d were asked for", len(cols), s.t.facts.Model, s.width())
	}
	s.out, s.slab, s.origins = nil, nil, nil
	return nil
}

// slabBytes bounds a slab, since one object that is kept keeps its slab.
const slabBytes = 16 << 10

func (s *entitySink[T]) grow() {
	n := s.hint
	if n == 0 {
		n = max(8, len(s.out))
	}
	var t T
	n = max(1, min(n, slabBytes/int(unsafe.Sizeof(t))))
	s.slab = make([]T, n)
	if s.mark {
		s.origins = make([]origin, n)
	}
	if s.out == nil {
		s.out = make([]*T, 0, n)
	}
}

func (s *entitySink[T]) Row(r driver.Row) error {
	if len(s.slab) == 0 {
		s.grow()
	}
	x := &s.slab[0]
	obj := unsafe.Pointer(x)
	for i, f := range s.fields() {
		if err := f.decode(r, s.base+i, unsafe.Add(obj, f.off)); err != nil {
			return fmt.Errorf("models: %s: %w", f.path, err)
		}
	}
	if s.mark {
		o := &s.origins[0]
		o.t, o.key, o.partial = s.t, s.t.keyHash(obj), s.partial
		s.t.bind(obj, o)
		s.origins = s.origins[1:]
	}
	if s.t.hooks.has(afterLoad) {
		if late, ok := r.(*lateRow); ok {
			late.arrived = append(late.arrived, arrival{s.t, obj})
		}
	}
	s.slab = s.slab[1:]
	s.out = append(s.out, x)
	return nil
}

func (s *entitySink[T]) result() []*T { return s.out }

func (s *entitySink[T]) objects() []unsafe.Pointer { return uncast(s.out) }

func (s *entitySink[T]) of() excerpt { return s.excerpt }

func (s *entitySink[T]) gather(e *Engine) { gather(e, s.t, uncast(s.out)) }

func (s *entitySink[T]) attach(u *Unit) {
	var snaps []T
	var recs []record
	if id := u.identityOf(s.t); len(s.out) > 1 && len(id.all) == 0 {
		id.expect(len(s.out))
	}
	for i, x := range s.out {
		obj := unsafe.Pointer(x)
		rec, fresh := u.loaded(s.t, obj, s.partial)
		if !fresh {
			s.out[i] = (*T)(rec.obj)
			continue
		}
		if len(recs) == 0 {
			n := min(len(s.out)-i, 256)
			recs, snaps = make([]record, n), make([]T, n)
		}
		rec, recs = &recs[0], recs[1:]
		snaps[0] = *x
		rec.snap, snaps = unsafe.Pointer(&snaps[0]), snaps[1:]
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
type values[R any] struct {
	cells []cell
	// single: a row is one value, not a struct of values.
	single bool
}

func (v values[R]) sink(hint int, _ bool) rowSink[R] {
	return &valueSink[R]{cells: v.cells, hint: hint}
}

type valueSink[R any] struct {
	cells []cell
	hint  int
	out   []R
	names []driver.Column
	// late: cells may be decoded when all rows are read, so a row must stay where it is.
	late  bool
	boxes []*R
}

func (s *valueSink[R]) Begin(cols []driver.Column) error {
	s.out, s.names, s.boxes, s.late = nil, cols, nil, false
	for i, c := range s.cells {
		if !c.c.own {
			continue
		}
		if !s.late {
			s.late, s.cells = true, slices.Clone(s.cells)
		}
		s.cells[i].c = c.c.placed(fmt.Sprintf("column %d (%s)", c.col+1, cols[c.col].Name), "")
	}
	if s.hint > 0 {
		s.out = make([]R, 0, min(s.hint, 1024))
	}
	return nil
}

func (s *valueSink[R]) Row(r driver.Row) error {
	var zero R
	if s.late {
		s.boxes = append(s.boxes, new(R))
		return s.decode(r, unsafe.Pointer(s.boxes[len(s.boxes)-1]))
	}
	s.out = append(s.out, zero)
	return s.decode(r, unsafe.Pointer(&s.out[len(s.out)-1]))
}

func (s *valueSink[R]) decode(r driver.Row, row unsafe.Pointer) error {
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

func (s *valueSink[R]) result() []R {
	for _, b := range s.boxes {
		s.out = append(s.out, *b)
	}
	s.boxes = nil
	return s.out
}

func (s *valueSink[R]) attach(*Unit)   {}
func (s *valueSink[R]) gather(*Engine) {}
