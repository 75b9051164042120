package models

import (
	"fmt"
	"slices"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// moved adds the foreign keys that relations move to the changed fields of a record.
func (g *graph) moved(r *record, changed []*field) ([]*field, []*bond, error) {
	if len(g.bonds) == 0 {
		return changed, nil, nil
	}
	var refs []*bond
	for _, rel := range g.keysOf(r.t) {
		b := g.of[bondKey{r, rel}]
		if b == nil {
			continue
		}
		if b.obj == nil && !b.fk.nullable {
			return nil, nil, fmt.Errorf("models: %s can not be NULL: what leaves %s needs another owner, or the relation cascade=delete-orphan", b.fk.path, b.by)
		}
		v, known, err := b.value()
		if err != nil {
			return nil, nil, err
		}
		have, err := b.fk.value(r.obj)
		if err != nil {
			return nil, nil, err
		}
		by := slices.Contains(changed, b.fk)
		switch {
		case by && r.snap != nil && (!known || !sameValue(have, v)):
			return nil, nil, b.disagree()
		case known && sameValue(have, v):
			continue // it says so already
		case !by:
			changed = append(changed, b.fk)
		}
		refs = append(refs, b)
	}
	return changed, refs, nil
}

// keysOf lists the foreign keys of a table that bonds are about.
func (g *graph) keysOf(t *table) []*field {
	var out []*field
	for _, b := range g.bonds {
		if b.child.t == t && !slices.Contains(out, b.fk) {
			out = append(out, b.fk)
		}
		if len(out) == len(t.facts.ForeignKeys) && len(out) > 0 {
			break
		}
	}
	return out
}

// partings deletes rows of associations.
func (f *flush) partings(g *graph) error {
	type group struct {
		p    parting
		keys []driver.Value
	}
	var groups []*group
	find := map[parting]*group{}
	for _, p := range g.parted {
		if p.rel.kind != manyToMany {
			continue
		}
		key := parting{rel: p.rel, own: p.own}
		if find[key] == nil {
			find[key] = &group{p: p}
			groups = append(groups, find[key])
		}
		v, err := p.rel.via.Load().otherRef.value(p.other)
		if err != nil {
			return err
		}
		find[key].keys = append(find[key].keys, v)
	}
	for _, gr := range groups {
		via := gr.p.rel.via.Load()
		own, err := via.ownRef.value(gr.p.own)
		if err != nil {
			return err
		}
		s := via.t.source
		f.remove(via.t, nil,
			dialect.Compare{L: dialect.Column{Source: s, Name: via.own.name}, Op: "=", R: dialect.Param{Value: own}},
			dialect.In{X: dialect.Column{Source: s, Name: via.other.name}, Values: gr.keys})
	}
	return nil
}

// remove adds a DELETE of whatever rows there are.
func (f *flush) remove(t *table, marks []*record, where ...dialect.Node) {
	w := dialect.NewWriter(f.u.e.dialect)
	defer w.Free()
	w.Delete(&dialect.Delete{Source: t.source, Where: where, Deleted: true})
	f.work = append(f.work, work{
		t: t, verb: "delete from", lax: true, marks: marks,
		st: driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Write},
	})
}

// downward deletes what belongs to objects that are deleted, from the bottom up.
func (f *flush) downward(doomed []*record) error {
	type kind struct {
		t    *table
		soft bool
	}
	byTable := map[kind][]*record{}
	var order []kind
	for _, r := range doomed {
		if k := (kind{r.t, r.softly()}); len(r.t.relations) > 0 {
			if byTable[k] == nil {
				order = append(order, k)
			}
			byTable[k] = append(byTable[k], r)
		}
	}
	for _, k := range order {
		t, soft := k.t, k.soft
		for _, rel := range t.relations {
			if err := rel.ready(); err != nil {
				return err
			}
			var keys []driver.Value
			if !rel.delete && rel.kind != manyToMany {
				continue
			}
			if soft && (rel.kind == manyToMany || rel.target.soft == nil) {
				continue // the row that they refer to stays
			}
			for _, r := range byTable[k] {
				v, ok, err := keyOf(rel.near(), r.rowImage())
				if err != nil {
					return err
				}
				if ok {
					keys = append(keys, v)
				}
			}
			if len(keys) == 0 {
				continue
			}
			below := func(s *dialect.Source, column string) dialect.Node {
				return dialect.In{X: dialect.Column{Source: s, Name: column}, Values: keys}
			}
			fate := (*flush).below
			if soft {
				fate = (*flush).softly
			}
			if err := fate(f, rel, below, []*table{t}, f.u.kids(rel, byTable[k])); err != nil {
				return err
			}
		}
	}
	return nil
}

// below deletes the rows that rel leads to from rows described by a condition on the
// foreign key. marks are those that the unit knows.
func (f *flush) below(rel *relation, cond func(s *dialect.Source, column string) dialect.Node, path []*table, marks []*record) error {
	if rel.kind == manyToMany {
		if via := rel.via.Load(); !via.cascades {
			f.remove(via.t, nil, cond(via.t.source, via.own.name))
		}
		return nil
	}
	if slices.Contains(path, rel.target) && !cascades(rel) {
		return fmt.Errorf("models: %s: cascade goes in a circle, which takes a foreign key with ondelete=cascade", rel)
	}
	if cascades(rel) {
		// The database deletes them, and what it cascades to; the unit has to know.
		f.mark(marks)
		if slices.Contains(path, rel.target) {
			return nil
		}
	}
	s := rel.target.source
	inner := cond(s, rel.fk.name)
	for _, next := range rel.target.relations {
		if !next.delete && next.kind != manyToMany {
			continue
		}
		if err := next.ready(); err != nil {
			return err
		}
		near := next.near()
		sel := &dialect.Select{Columns: []dialect.Node{dialect.Column{Source: s, Name: near.name}}, From: s, Where: []dialect.Node{inner}, Deleted: true}
		deeper := func(src *dialect.Source, column string) dialect.Node {
			return dialect.InQuery{X: dialect.Column{Source: src, Name: column}, Query: sel}
		}
		if err := f.below(next, deeper, append(path, rel.target), f.u.kids(next, marks)); err != nil {
			return err
		}
	}
	if !cascades(rel) {
		f.remove(rel.target, marks, inner)
	}
	return nil
}

// softly marks the rows that rel leads to as deleted, as below deletes them. Those that
// can not be marked stay: so does the row that they refer to.
func (f *flush) softly(rel *relation, cond func(s *dialect.Source, column string) dialect.Node, path []*table, marks []*record) error {
	if slices.Contains(path, rel.target) {
		return fmt.Errorf("models: %s: marking rows as deleted can not cascade in a circle: delete those below by themselves", rel)
	}
	t := rel.target
	inner := cond(t.source, rel.fk.name)
	for _, next := range t.relations {
		if !next.delete || next.kind == manyToMany || next.target.soft == nil {
			continue
		}
		sel := &dialect.Select{Columns: []dialect.Node{dialect.Column{Source: t.source, Name: next.near().name}}, From: t.source, Where: []dialect.Node{inner}}
		deeper := func(src *dialect.Source, column string) dialect.Node {
			return dialect.InQuery{X: dialect.Column{Source: src, Name: column}, Query: sel}
		}
		if err := f.softly(next, deeper, append(path, t), f.u.kids(next, marks)); err != nil {
			return err
		}
	}
	now := clock()
	up := &dialect.Update{Source: t.source, Where: []dialect.Node{inner}, Set: []dialect.Assign{{Column: t.soft.name, Value: dialect.Param{Value: t.markValue(now)}}}}
	if t.version != nil {
		up.Set = append(up.Set, t.nextVersion())
	}
	w := dialect.NewWriter(f.u.e.dialect)
	defer w.Free()
	w.Update(up)
	f.work = append(f.work, work{
		t: t, verb: "mark as deleted in", lax: true, soft: true, marks: marks, now: now,
		st: driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Write},
	})
	return nil
}

// mark notes records that are deleted along with the work to come.
func (f *flush) mark(rs []*record) { f.along = append(f.along, rs...) }

// cascades reports whether the database deletes what rel leads to by itself.
func cascades(rel *relation) bool {
	for _, fk := range rel.target.facts.ForeignKeys {
		if len(fk.Columns) == 1 && fk.Columns[0] == rel.fk.name {
			return fk.OnDelete == schema.Cascade
		}
	}
	return false
}

// kids are the records of the unit whose rows rel leads to from those of parents.
func (u *Unit) kids(rel *relation, parents []*record) (out []*record) {
	id := u.ids[rel.target]
	if id == nil || rel.kind == manyToMany || len(parents) == 0 {
		return nil
	}
	of := newKeyIndex(rel.ref, len(parents))
	for _, p := range parents {
		if v, ok, err := keyOf(rel.ref, p.rowImage()); ok && err == nil {
			of.add(v)
		}
	}
	for _, r := range id.all {
		if r.state != persistent {
			continue
		}
		if v, ok, err := keyOf(rel.fk, r.rowImage()); ok && err == nil && of.find(v) >= 0 {
			out = append(out, r)
		}
	}
	return out
}
