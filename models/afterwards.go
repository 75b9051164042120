package models

import (
	"reflect"
	"slices"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A relUndo says how to take back what a flush did to a relation field.
type relUndo struct {
	r     *record
	rel   *relation
	fresh bool // the object was new
	state *relState
	ch    *relChanges
}

// A fieldUndo is what a foreign key was before a flush set it.
type fieldUndo struct {
	f *field
	v driver.Value
}

// set writes the foreign keys that a statement has written into one object.
func (w *work) set(r *record) (old []fieldUndo) {
	for _, s := range w.sets {
		if s.r != r {
			continue
		}
		before, err := s.f.encode(s.f.at(r.obj))
		if err != nil {
			continue
		}
		s.f.give(r, w.st.Args[s.at])
		old = append(old, fieldUndo{s.f, before})
	}
	return old
}

// restore gives foreign keys back what they were before relations moved them.
func (un *undo) restore() {
	if un.was == nil {
		return
	}
	for _, k := range un.was.keys {
		k.f.give(un.rec, k.v)
	}
}

// give writes an encoded value into the object of a record.
func (f *field) give(r *record, v driver.Value) {
	fresh := reflect.New(f.typ).UnsafePointer()
	row := valueRow{v}
	if row.IsNull(0) || f.decode(row, 0, fresh) == nil {
		f.move(f.at(r.obj), fresh)
	}
}

// settled brings relation fields up to date with a flush that went well: what was
// changed is what the database has.
func (u *Unit) settled(f *flush) {
	fresh := make(map[*record]bool, len(f.fresh))
	for _, r := range f.fresh {
		fresh[r] = true
	}
	for _, t := range f.graph.touched {
		w := t.rel.words(t.r.obj)
		ch, st := w.pending(), w.load()
		if ch == nil {
			continue
		}
		isNew := fresh[t.r]
		u.relUndo = append(u.relUndo, relUndo{t.r, t.rel, isNew, st, ch})
		w.changes = nil
		switch {
		case ch.set, st != nil && st.mark == markLoaded, st == nil && isNew:
			next := &relState{owner: u.owner, epoch: u.epoch}
			if st != nil {
				next.items = st.items
			}
			next.items = ch.apply(next.items)
			w.store(next)
		}
	}
	empty := &relState{owner: u.owner, epoch: u.epoch}
	for _, r := range f.fresh {
		for _, rel := range r.t.relations {
			if rel.kind == belongsTo || rel.viewOnly {
				continue
			}
			if w := rel.words(r.obj); w.load() == nil {
				u.relUndo = append(u.relUndo, relUndo{r: r, rel: rel, fresh: true})
				w.store(empty)
			}
		}
	}
}

// follow drops what a BelongsTo had loaded if its foreign key leads elsewhere now.
func (r *record) follow() {
	for _, rel := range r.t.relations {
		if rel.kind != belongsTo {
			continue
		}
		w := rel.words(r.obj)
		st := w.load()
		if st == nil || st.mark != markLoaded || !w.pending().empty() {
			continue
		}
		have, err := rel.fk.value(r.obj)
		if err != nil {
			continue
		}
		want := driver.Null()
		if len(st.items) > 0 {
			want, err = rel.ref.value(st.items[0])
		}
		if err != nil || !sameValue(have, want) {
			w.store(nil)
		}
	}
}

// takeBackRelations undoes settled, but for the first steps. With keep the changes are
// still to be flushed.
func (u *Unit) takeBackRelations(first int, keep bool) {
	for i := len(u.relUndo) - 1; i >= first; i-- {
		un := &u.relUndo[i]
		if un.r == nil {
			continue
		}
		w := un.rel.words(un.r.obj)
		w.store(un.state)
		if !keep && !un.fresh {
			continue
		}
		if newer := w.pending(); !newer.empty() && !un.ch.empty() {
			un.ch = un.ch.then(newer)
		}
		if un.ch != nil {
			w.changes = nil
			ch := *un.ch
			ch.at, ch.in, ch.base, ch.baseOf = w, nil, nil, nil
			*w.change() = ch
		}
	}
	clear(u.relUndo[first:])
	u.relUndo = u.relUndo[:first]
	if keep {
		return
	}
	for t, id := range u.ids {
		for _, rel := range t.relations {
			for _, r := range id.all {
				if r.state != persistent && r.state != deleting {
					continue
				}
				// Others may be reading what nobody has changed.
				if w := rel.words(r.obj); w.changes != nil {
					w.changes = nil
				}
			}
		}
	}
}

// then returns both changes as one.
func (ch *relChanges) then(next *relChanges) *relChanges {
	if next.set {
		return next
	}
	out := &relChanges{set: ch.set}
	for _, x := range ch.added {
		if !slices.Contains(next.removed, x) {
			out.added = append(out.added, x)
		}
	}
	for _, x := range ch.removed {
		if !slices.Contains(next.added, x) {
			out.removed = append(out.removed, x)
		}
	}
	for _, x := range next.added {
		if !slices.Contains(out.added, x) && !slices.Contains(ch.removed, x) {
			out.added = append(out.added, x)
		}
	}
	for _, x := range next.removed {
		if !slices.Contains(out.removed, x) && !slices.Contains(ch.added, x) {
			out.removed = append(out.removed, x)
		}
	}
	return out
}
