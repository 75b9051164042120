package models

import (
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A batch is one INSERT of several objects of a table.
type batch struct {
	t    *table
	objs []unsafe.Pointer
	read []*field // what the database makes and returns
	now  time.Time
	st   driver.Statement
	back *returned // nil if nothing is returned

	write []*field
	maybe bool              // OnConflict may have dropped the row
	sent  *driver.Statement // st with its answer
}

// batchRows are the numbers of rows that a statement may have: few texts serve any
// number of objects, and statements that go out together cost little more than one.
var batchRows = [...]int{256, 128, 64, 32, 16, 8, 4, 2, 1}

// batches makes the statements that insert objs, which are of one table, in their order.
func batches(d dialect.Dialect, t *table, objs []unsafe.Pointer, now time.Time, out []*batch) ([]*batch, error) {
	return batchesOf(d, t, objs, now, out, nil, false)
}

// batchesOf is batches with what to do on a conflict, if that is not nil; all reads all
// columns back.
func batchesOf(d dialect.Dialect, t *table, objs []unsafe.Pointer, now time.Time, out []*batch, on *dialect.Conflict, all bool) ([]*batch, error) {
	for len(objs) > 0 {
		mask, n := t.left(objs[0]), 1
		for n < len(objs) && n < batchRows[0] && t.left(objs[n]) == mask {
			n++
		}
		columns := len(t.fields) - t.generated - bits.OnesCount64(mask)
		for _, rows := range batchRows {
			if rows <= n && rows*columns <= d.MaxParams() && (columns > 0 || rows == 1) {
				n = rows
				break
			}
		}
		if !certain(on) {
			n = 1 // which of many rows came back is not to be told
		}
		b, err := t.batch(d, objs[:n], mask, now, all)
		if err == nil && on != nil {
			err = b.upsert(d, on)
		}
		if err != nil {
			return nil, err
		}
		out, objs = append(out, b), objs[n:]
	}
	return out, nil
}

// left says which columns an INSERT of the object leaves to the database, as bits over
// t.optional: a key that it makes, and NULLs in place of which it has a default.
func (t *table) left(obj unsafe.Pointer) (mask uint64) {
	for i, f := range t.optional {
		if f.zero(f.at(obj)) {
			mask |= 1 << i
		}
	}
	return mask
}

// split divides the fields by such a mask.
func (t *table) split(mask uint64) (write, read []*field) {
	for _, f := range t.fields {
		if i := slices.Index(t.optional, f); f.generated || i >= 0 && mask&(1<<i) != 0 {
			read = append(read, f)
		} else {
			write = append(write, f)
		}
	}
	return write, read
}

func (t *table) batch(d dialect.Dialect, objs []unsafe.Pointer, mask uint64, now time.Time, all bool) (*batch, error) {
	b := &batch{t: t, objs: objs, now: now}
	var write []*field
	write, b.read = t.split(mask)
	verb := byte('i')
	if all {
		b.read, verb = t.fields, 'r'
	}
	b.write = write
	if len(b.read) > 0 {
		b.back = &returned{b: b}
		b.st.Sink = b.back
	}
	b.st.Class = driver.Write
	b.st.SQL = t.texts.get(shape{verb: verb, dialect: byte(d), left: mask, rows: len(objs)}, func() string {
		return d.Insert(t.facts.Name, columnNames(write), len(objs), columnNames(b.read))
	})
	b.st.Args = make([]driver.Value, 0, len(write)*len(objs))
	for _, obj := range objs {
		var err error
		if b.st.Args, err = t.appendRow(b.st.Args, write, obj, now); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendRow appends the values of an object that is to be inserted.
func (t *table) appendRow(args []driver.Value, write []*field, obj unsafe.Pointer, now time.Time) ([]driver.Value, error) {
	for _, f := range write {
		v, err := f.value(obj)
		switch {
		case err != nil:
			return nil, err
		case (f.created || f.updated) && f.zero(f.at(obj)):
			v = driver.Time(now)
		case f == t.version && f.zero(f.at(obj)):
			v = driver.Int64(firstVersion)
		case f.kind == schema.UUID && !f.nullable && t.isKey(f) && !f.refers && f.zero(f.at(obj)):
			return nil, fmt.Errorf("models: %s is the zero UUID, which is no key: set it before", f.path)
		}
		args = append(args, v)
	}
	return args, nil
}

func columnNames(fs []*field) []string {
	ns := make([]string, len(fs))
	for i, f := range fs {
		ns[i] = f.name
	}
	return ns
}

// check reports whether the answer of a statement that went well is complete.
func (b *batch) check(st *driver.Statement) error {
	got := int(st.Affected)
	if b.back != nil {
		got = b.back.rows
	}
	b.sent = st
	if got != len(b.objs) && !(b.maybe && got == 0) {
		return fmt.Errorf("models: insert into %s: %d rows were sent, %d arrived (does a trigger or rule take them?)", b.t.facts.Name, len(b.objs), got)
	}
	return nil
}

// fill writes into object i what the database and the clock made, and returns those
// fields.
func (b *batch) fill(i int) []*field {
	obj := b.objs[i]
	filled := b.read
	for _, f := range b.t.stamps {
		if f.zero(f.at(obj)) {
			*(*time.Time)(f.at(obj)) = b.now
			filled = append(filled[:len(filled):len(filled)], f)
		}
	}
	if f := b.t.version; f != nil && f.zero(f.at(obj)) {
		f.decode(valueRow{driver.Int64(firstVersion)}, 0, f.at(obj)) //nolint:errcheck // it fits
		filled = append(filled[:len(filled):len(filled)], f)
	}
	for _, f := range b.read {
		f.move(f.at(obj), f.at(b.back.at(i)))
	}
	return filled
}

// returned collects the rows of RETURNING in fresh memory.
type returned struct {
	b    *batch
	mem  reflect.Value // a slice of structs; keeps base alive
	base unsafe.Pointer
	rows int
}

func (r *returned) at(i int) unsafe.Pointer {
	return unsafe.Add(r.base, uintptr(i)*r.b.t.typ.Size())
}

// Begin implements driver.Sink.
func (r *returned) Begin([]driver.Column) error {
	r.mem = reflect.MakeSlice(reflect.SliceOf(r.b.t.typ), len(r.b.objs), len(r.b.objs))
	r.base, r.rows = r.mem.UnsafePointer(), 0
	return nil
}

// Row implements driver.Sink.
func (r *returned) Row(row driver.Row) error {
	if r.rows == len(r.b.objs) {
		return errors.New("models: more rows came back than were inserted")
	}
	for i, f := range r.b.read {
		if err := f.decode(row, i, f.at(r.at(r.rows))); err != nil {
			return fmt.Errorf("models: %s: %w", f.path, err)
		}
	}
	r.rows++
	return nil
}

// clock is the time of stamps: UTC, in the microseconds that databases keep.
func clock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
