package models

import (
	"fmt"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A graph is what the relations of a unit's objects have to say to a flush: who is to
// refer to whom, and which rows of associations come and go. Making it changes nothing
// but that new objects become pending.
type graph struct {
	u       *Unit
	touched []touch
	bonds   []*bond
	of      map[bondKey]*bond
	rows    []*record // of associations; they have no owner
	pairs   map[pairKey]bool
	parted  []parting
	orphans []*record
	lost    map[*record]bool
	seen    map[*record]bool
}

// A touch is a relation with changes.
type touch struct {
	r   *record
	rel *relation
}

// A bond says that the foreign key of a record is to be the key of another.
type bond struct {
	child  *record
	fk     *field
	ref    *field
	parent *record        // nil if the unit does not manage it, or there is none
	obj    unsafe.Pointer // the parent; nil: the key becomes NULL
	by     *relation
	later  bool // by an UPDATE of its own: the two need each other
}

type bondKey struct {
	child *record
	fk    *field
}

type pairKey struct {
	t    *table
	a, b unsafe.Pointer
}

// A parting is a row of an association that has to go.
type parting struct {
	rel        *relation
	own, other unsafe.Pointer
}

// gather reads the relations of all objects with changes, and of those that they lead
// to.
func (u *Unit) gather() (*graph, error) {
	g := &graph{u: u, of: map[bondKey]*bond{}, pairs: map[pairKey]bool{}, lost: map[*record]bool{}, seen: map[*record]bool{}}
	for t, id := range u.ids {
		if len(t.relations) == 0 {
			continue
		}
		for _, r := range id.all {
			if r.state != persistent && r.state != deleting {
				continue
			}
			if err := g.visit(r); err != nil {
				return nil, err
			}
		}
	}
	for i := 0; i < len(u.pending); i++ { // which grows on the way
		if err := g.visit(u.pending[i]); err != nil {
			return nil, err
		}
	}
	return g, g.part()
}

func (g *graph) visit(r *record) error {
	if g.seen[r] {
		return nil
	}
	for _, rel := range r.t.relations {
		ch := rel.words(r.obj).pending()
		if ch.empty() {
			continue
		}
		if !g.seen[r] {
			g.seen[r] = true
			if err := g.u.cascade(r); err != nil {
				return err
			}
		}
		g.touched = append(g.touched, touch{r, rel})
		if err := g.read(r, rel, rel.words(r.obj).pending()); err != nil {
			return err
		}
	}
	return nil
}

// read takes the changes of one relation in.
func (g *graph) read(r *record, rel *relation, ch *relChanges) error {
	if err := rel.ready(); err != nil {
		return err
	}
	if rel.viewOnly {
		return fmt.Errorf("models: %s is viewonly and was changed: change the foreign key, or the relation that keeps it", rel)
	}
	if rel.kind == belongsTo {
		var parent *record
		var obj unsafe.Pointer
		if len(ch.added) > 0 {
			obj = ch.added[0]
			parent = g.u.recordOf(rel.target, obj)
			if err := g.enter(parent); err != nil {
				return err
			}
		}
		return g.bond(&bond{child: r, fk: rel.fk, ref: rel.ref, parent: parent, obj: obj, by: rel})
	}
	for _, x := range ch.added {
		kid := g.u.recordOf(rel.target, x)
		if err := g.enter(kid); err != nil {
			return err
		}
		if rel.kind == manyToMany {
			g.row(r, rel, x, kid)
			continue
		}
		if err := g.bond(&bond{child: kid, fk: rel.fk, ref: rel.ref, parent: r, obj: r.obj, by: rel}); err != nil {
			return err
		}
	}
	for _, x := range ch.removed {
		if kid := g.u.recordOf(rel.target, x); kid != nil || rel.kind == manyToMany {
			g.parted = append(g.parted, parting{rel, r.obj, x})
		}
	}
	return nil
}

// enter visits a record that was met on the way, if the walk has passed it.
func (g *graph) enter(r *record) error {
	if r == nil || r.state == pending {
		return nil // still to come
	}
	return g.visit(r)
}

// bond notes who refers to whom; two relations that disagree are an error.
func (g *graph) bond(b *bond) error {
	key := bondKey{b.child, b.fk}
	have := g.of[key]
	switch {
	case have == nil:
		g.of[key] = b
		g.bonds = append(g.bonds, b)
		return nil
	case have.obj == b.obj:
		return nil
	}
	return fmt.Errorf("models: %s and %s were changed and disagree about whom this %s belongs to (%s)", have.by, b.by, b.child.t.typ.Name(), b.fk.path)
}

// row adds a row to an association, once if both sides ask for it.
func (g *graph) row(r *record, rel *relation, x unsafe.Pointer, kid *record) {
	via := rel.via.Load()
	if !g.once(via, r.obj, x) {
		return
	}
	row := &record{obj: via.t.new()}
	row.t = via.t
	g.rows = append(g.rows, row)
	for _, b := range []*bond{
		{child: row, fk: via.own, ref: via.ownRef, parent: r, obj: r.obj, by: rel},
		{child: row, fk: via.other, ref: via.otherRef, parent: kid, obj: x, by: rel},
	} {
		g.of[bondKey{row, b.fk}] = b
		g.bonds = append(g.bonds, b)
	}
}

func (g *graph) once(via *association, own, other unsafe.Pointer) bool {
	key := pairKey{via.t, own, other}
	if via.own.pos > via.other.pos {
		key.a, key.b = other, own
	}
	if g.pairs[key] {
		return false
	}
	g.pairs[key] = true
	return true
}

// part decides what becomes of objects that were removed: they are orphans, or lose
// their foreign key, unless they have a new parent.
func (g *graph) part() error {
	kept := g.parted[:0]
	for _, p := range g.parted {
		if p.rel.kind == manyToMany {
			if g.once(p.rel.via.Load(), p.own, p.other) {
				kept = append(kept, p)
			}
			continue
		}
		kid := g.u.recordOf(p.rel.target, p.other)
		b := g.of[bondKey{kid, p.rel.fk}]
		switch {
		case b != nil && b.obj != nil:
		case p.rel.orphan:
			if !g.lost[kid] && kid.state != deleting {
				g.lost[kid] = true
				g.orphans = append(g.orphans, kid)
			}
		case b == nil:
			if err := g.bond(&bond{child: kid, fk: p.rel.fk, by: p.rel}); err != nil {
				return err
			}
		}
	}
	g.parted = kept
	return nil
}

// cascade puts the objects that relations of r were given under the unit's care, and
// brings the other sides in step.
func (u *Unit) cascade(r *record) error {
	for _, rel := range r.t.relations {
		ch := rel.words(r.obj).pending()
		if ch.empty() {
			continue
		}
		if err := rel.ready(); err != nil {
			return err
		}
		for _, x := range clip(ch.added) {
			if err := u.adopt(rel, x); err != nil {
				return fmt.Errorf("%s: %w", rel, err)
			}
			if err := rel.step(r.obj, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt adds an object that a relation leads to. What only lends its key, because it has
// a row already, need not be managed.
func (u *Unit) adopt(rel *relation, obj unsafe.Pointer) error {
	t := rel.target
	if u.recordOf(t, obj) == nil && rel.kind == belongsTo || rel.kind == manyToMany {
		if o := t.originOf(obj); o != nil && t.keyHash(obj) == o.key {
			switch {
			case o.rec == nil:
				return nil
			case o.rec.state == persistent && !o.rec.live() && o.rec.obj == obj && !o.rec.dirty() && u.identityOf(t).at(t, obj) != nil:
				return nil // the session has another object for the same row
			}
		}
	}
	return u.addObject(t, obj)
}

// step brings the other side of a relation in step, after x was put into it while nobody
// knew of the other side.
func (rel *relation) step(obj, x unsafe.Pointer) error {
	back := rel.back
	if back == nil {
		return nil
	}
	w := back.words(x)
	switch {
	case back.kind != belongsTo:
		if back.kind != hasOne || w.target() != obj {
			w.include(obj)
		}
		return nil
	case w.target() == nil, w.pending() == nil:
		w.point(obj)
		return nil
	case w.target() != obj:
		return fmt.Errorf("models: %s and %s were changed and disagree about whom this %s belongs to", rel, back, rel.target.typ.Name())
	}
	return nil
}

// related reports whether relations have changes to send.
func (u *Unit) related() bool {
	for t, id := range u.ids {
		if len(t.relations) == 0 {
			continue
		}
		for _, r := range id.all {
			for _, rel := range t.relations {
				if !rel.words(r.obj).pending().empty() {
					return true
				}
			}
		}
	}
	return false
}

// value is what the foreign key of a bond is to be; known is false while the database
// has yet to make it.
func (b *bond) value() (v driver.Value, known bool, err error) {
	if b.obj == nil {
		return driver.Null(), true, nil
	}
	if b.parent != nil && (b.parent.state == pending || b.parent.owner == nil) && b.ref.made(b.parent.t, b.obj) {
		return v, false, nil
	}
	from := b.obj
	if b.parent != nil && b.parent.snap != nil && b.parent.state != pending {
		from = b.parent.obj
	}
	v, err = b.ref.value(from)
	return v, true, err
}

// made reports whether the database will make the value of the field for a new object.
func (f *field) made(t *table, obj unsafe.Pointer) bool {
	for _, o := range t.optional {
		if o == f {
			return f.zero(f.at(obj))
		}
	}
	return false
}
