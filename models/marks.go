package models

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// marks takes the options version and softdelete in.
func (m *mapping) marks(f *field, tg tag) error {
	switch {
	case !tg.version && !tg.soft:
		return nil
	case m.tags[f].pk || m.t.isKey(f):
		return fmt.Errorf("version and softdelete are not for the key")
	case tg.version && (!f.kind.Integer() || f.nullable || f.own):
		return fmt.Errorf("version is for integers, this is %s", f.typ)
	case tg.version && m.t.version != nil:
		return fmt.Errorf("%s is tagged version too", m.t.version.path)
	case tg.version:
		m.t.version = f
		return nil
	case m.t.soft != nil:
		return fmt.Errorf("%s is tagged softdelete too", m.t.soft.path)
	case (f.kind != schema.Bool || f.nullable || f.own) && (f.kind != schema.Time || !f.nullable || f.own):
		return fmt.Errorf("softdelete is for *time.Time and bool, this is %s", f.typ)
	}
	m.t.soft, m.t.facts.Deleted = f, f.col
	return nil
}

// firstVersion is the version of a new row.
const firstVersion = 1

// counted is the version that an object has, and the one that its row is to get.
func (t *table) counted(obj unsafe.Pointer) (now, next driver.Value, err error) {
	if now, err = t.version.value(obj); err == nil {
		next = driver.Int64(now.Int64() + 1)
	}
	return now, next, err
}

// whereVersion is the condition that a row has a version.
func (t *table) whereVersion(v driver.Value) dialect.Node {
	return dialect.Compare{L: dialect.Column{Source: t.source, Name: t.version.name}, Op: "=", R: dialect.Param{Value: v}}
}

// nextVersion counts a change on, for writes that do not know the version.
func (t *table) nextVersion() dialect.Assign {
	return dialect.Assign{Column: t.version.name, Value: dialect.Binary{
		L: dialect.Column{Source: t.source, Name: t.version.name}, Op: "+", R: dialect.Number{N: 1},
	}}
}

// markValue is what the softdelete column of a deleted row has.
func (t *table) markValue(now time.Time) driver.Value {
	if t.soft.kind == schema.Bool {
		return driver.Bool(true)
	}
	return driver.Time(now)
}

// marked reports whether an object is that of a row that is marked as deleted.
func (t *table) marked(obj unsafe.Pointer) bool {
	return t.soft != nil && !t.soft.zero(t.soft.at(obj))
}

// softly reports whether deleting the record only marks its row.
func (r *record) softly() bool { return r.t.soft != nil && !r.purge }

// note changes a field of an object and returns how to take that back.
func (r *record) note(f *field, v driver.Value) []fieldUndo {
	before, err := f.encode(f.at(r.obj))
	if err != nil {
		return nil
	}
	f.give(r, v)
	return []fieldUndo{{f, before}}
}

// counting is what an UPDATE of the version makes of an object.
func (w *work) counting(r *record) []fieldUndo {
	t := r.t
	if t.version == nil || w.next.Kind() == driver.KindNull {
		return nil
	}
	return r.note(t.version, w.next)
}

// markDeleted enters into an object that its row was marked as deleted.
func (w *work) markDeleted(r *record) []fieldUndo {
	keys := r.note(r.t.soft, r.t.markValue(w.now))
	if r.t.version != nil {
		if _, next, err := r.t.counted(r.obj); err == nil {
			keys = append(keys, r.note(r.t.version, next)...)
		}
	}
	return keys
}

// WithDeleted has the query see rows that are marked as deleted too, in all its tables.
// Without it a table with a softdelete column is as if these rows were not there: in
// queries, joins, subqueries, counts, and where relations are loaded. Each query within
// another decides for itself; for relations there is [IncludeDeleted]. Raw SQL sees what
// the database has.
func (q Query[R]) WithDeleted() Query[R] { return Query[R]{q: q.q.withDeleted()} }

//go:noinline
func (q *query) withDeleted() *query {
	return q.with(func(n *query) error {
		n.sel.Deleted = true
		return n.only("WithDeleted", selectQuery, updateQuery, deleteQuery)
	})
}

// Purge has a [Delete] remove rows of a table with a softdelete column for good, those
// that are marked as deleted already among them; without it such a Delete marks them. For
// other tables it changes nothing.
func (q Query[R]) Purge() Query[R] { return Query[R]{q: q.q.purged()} }

//go:noinline
func (q *query) purged() *query {
	return q.with(func(n *query) error {
		n.purge, n.sel.Deleted = true, true
		return n.only("Purge", deleteQuery)
	})
}

// IncludeDeleted loads objects of a relation that are marked as deleted too.
func IncludeDeleted() LoadOption { return includeDeleted{} }

type includeDeleted struct{}

func (includeDeleted) refine(l *Loading) error {
	l.deleted = true
	return nil
}

// marking is a DELETE as the UPDATE that marks its rows.
func (q *query) marking(t *table) *dialect.Update {
	up := &dialect.Update{
		Source: q.sel.From, From: q.others(), Where: q.sel.Where, Returning: q.returning, Deleted: q.sel.Deleted,
		Set: []dialect.Assign{{Column: t.soft.name, Value: dialect.Param{Value: t.markValue(clock())}}},
	}
	if t.version != nil {
		up.Set = append(up.Set, t.nextVersion())
	}
	return up
}

// assigns are the assignments of an UPDATE, which counts the version on.
func (q *query) assigns() []dialect.Assign {
	t := q.tables[0]
	if t.version == nil {
		return q.set
	}
	for _, a := range q.set {
		if a.Column == t.version.name {
			return q.set
		}
	}
	return append(clip(q.set), t.nextVersion())
}
