package models

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// register registers typ and all structs that relations lead to from it: all of them, or
// on a mistake none. The caller holds r.mu.
func (r *Registry) register(old *tables, typ reflect.Type) (*table, error) {
	next := &tables{byType: maps.Clone(old.byType), byName: maps.Clone(old.byName), order: clip(old.order), hooked: old.hooked}
	var fresh []*table
	by := map[reflect.Type]*relation{} // which relation leads to a type first
	for queue := []reflect.Type{typ}; len(queue) > 0; queue = queue[1:] {
		if next.byType[queue[0]] != nil {
			continue
		}
		t, err := compile(queue[0], r.named())
		if err != nil && by[queue[0]] != nil {
			err = fmt.Errorf("models: %s leads to %s: %w", by[queue[0]], queue[0].Name(), err)
		}
		if err != nil {
			return nil, err
		}
		next.byType[t.typ] = t
		next.order = append(next.order, t)
		if !t.mixin {
			if other := next.byName[t.facts.Name]; other != nil {
				return nil, fmt.Errorf("models: %s and %s both have the table %s: give one a TableName method", other.typ, t.typ, t.facts.Name)
			}
			next.byName[t.facts.Name] = t
		}
		next.hooked = next.hooked || t.hooks&writeHooks != 0
		fresh = append(fresh, t)
		for _, rel := range t.relations {
			rel.reg = r
			if by[rel.make.target] == nil {
				by[rel.make.target] = rel
			}
			queue = append(queue, rel.make.target)
		}
	}
	var each []*relation
	for _, t := range fresh {
		each = append(each, t.relations...)
	}
	for _, step := range []func(*relation, *tables) error{(*relation).aim, (*relation).findKey, (*relation).pair, (*relation).finish} {
		for _, rel := range each {
			if err := step(rel, next); err != nil {
				return nil, fmt.Errorf("models: %s (tag `rel:%q`): %w", rel.path, rel.text, err)
			}
		}
	}
	for _, t := range fresh {
		addresses.add(t, t.source, reflect.ValueOf(t.proto).UnsafePointer())
	}
	r.tables.Store(next)
	return next.byType[typ], nil
}

// relation takes a field in if it is a relation.
func (m *mapping) relation(f reflect.StructField, at uintptr, where string) (is bool, err error) {
	facts, is := relationFactsOf(f.Type)
	text, tagged := f.Tag.Lookup("rel")
	bad := func(err error) error { return fmt.Errorf("models: %s (tag `rel:%q`): %w", where, text, err) }
	switch {
	case !is && tagged:
		return false, bad(fmt.Errorf("type %s is no relation: want models.HasMany, HasOne or BelongsTo", f.Type))
	case !is:
		return false, nil
	case f.Tag.Get("db") == "-" || text == "-":
		return true, nil
	case !f.IsExported():
		return true, bad(errors.New("the field is not exported: export it"))
	case f.Anonymous:
		return true, bad(errors.New("a relation can not be embedded: give the field a name"))
	case facts.target.Kind() != reflect.Struct:
		return true, bad(fmt.Errorf("it leads to %s, which is no struct", facts.target))
	}
	rel := &relation{t: m.t, name: f.Name, path: where, text: text, off: at, typ: f.Type, kind: facts.kind, make: facts}
	rel.make.words = nil
	if rel.relTag, err = parseRelTag(text); err != nil {
		return true, bad(err)
	}
	if rel.through != "" {
		if rel.kind != hasMany {
			return true, bad(errors.New("option through belongs to a HasMany"))
		}
		rel.kind = manyToMany
	}
	if rel.kind == belongsTo && (rel.delete || len(rel.orderNames) > 0) {
		return true, bad(errors.New("a BelongsTo leads to one object that others share: cascade and order do not fit"))
	}
	m.t.relations = append(m.t.relations, rel)
	return true, nil
}

// aim finds the target.
func (rel *relation) aim(ts *tables) error {
	rel.target = ts.byType[rel.make.target]
	return errors.Join(rel.t.keyed(), rel.target.keyed())
}

// findKey finds the foreign key, unless another table has it.
func (rel *relation) findKey(*tables) error {
	from, to := rel.t, rel.target // the foreign key lies in from
	switch rel.kind {
	case manyToMany:
		return nil
	case hasMany, hasOne:
		from, to = to, from
	}
	name := rel.fkName
	if name == "" && rel.kind == belongsTo {
		name = rel.name + "ID"
	}
	if name == "" {
		if back := rel.target.relationByName(rel.backName); back != nil && back.kind == belongsTo {
			if name = back.fkName; name == "" {
				name = back.name + "ID"
			}
		}
	}
	if name == "" {
		var found []string
		for _, fk := range from.facts.ForeignKeys {
			if fk.RefTable == to.facts.Name && len(fk.Columns) == 1 {
				found = append(found, goName(from.byName[fk.Columns[0]]))
			}
		}
		if len(found) != 1 {
			return fmt.Errorf("%d foreign keys of %s refer to %s (%s): name one with fk=", len(found), from.typ.Name(), to.typ.Name(), strings.Join(found, ", "))
		}
		name = found[0]
	}
	if rel.fk = from.fieldByName(name); rel.fk == nil {
		return fmt.Errorf("%s has no field %s to be the foreign key: name it with fk=", from.typ.Name(), name)
	}
	if rel.fk.own {
		return fmt.Errorf("%s can not be the foreign key: %s", rel.fk.path, needsPlain(rel.fk.typ))
	}
	var err error
	rel.ref, err = reference(from, rel.fk, to)
	return err
}

// reference returns the field of to that the foreign key fk of from refers to.
func reference(from *table, fk *field, to *table) (*field, error) {
	var ref *field
	for _, k := range from.facts.ForeignKeys {
		if len(k.Columns) != 1 || k.Columns[0] != fk.name {
			continue
		}
		if k.RefTable != to.facts.Name {
			return nil, fmt.Errorf("%s refers to the table %s, not to %s", fk.path, k.RefTable, to.facts.Name)
		}
		if ref = to.byName[k.RefColumns[0]]; ref == nil {
			return nil, fmt.Errorf("%s refers to %s.%s, which does not exist", fk.path, k.RefTable, k.RefColumns[0])
		}
	}
	if ref == nil {
		if len(to.key) != 1 {
			return nil, fmt.Errorf("%s has a key of %d columns: relations need one of a single column (give %s an fk option to a unique column)", to.typ.Name(), len(to.key), fk.path)
		}
		ref = to.key[0]
	}
	switch {
	case fk.kind != ref.kind:
		return nil, fmt.Errorf("the foreign key %s is %s, %s is %s", fk.path, fk.kind, ref.path, ref.kind)
	case fk.col.Default != nil:
		return nil, fmt.Errorf("the foreign key %s can not have a default", fk.path)
	}
	return ref, nil
}

// pair finds the other side.
func (rel *relation) pair(*tables) error {
	if rel.backName == "" {
		return nil
	}
	back := rel.target.relationByName(rel.backName)
	switch {
	case back == nil:
		return fmt.Errorf("back=%s: %s has no relation of this name", rel.backName, rel.target.typ.Name())
	case back.target != rel.t:
		return fmt.Errorf("back=%s: %s, not to %s", rel.backName, back.describe(), rel.t.typ.Name())
	case back == rel:
		return fmt.Errorf("back=%s: a relation can not be its own other side", rel.backName)
	case (rel.kind == manyToMany) != (back.kind == manyToMany), rel.kind != manyToMany && (rel.kind == belongsTo) == (back.kind == belongsTo):
		return fmt.Errorf("back=%s: one side has to be a BelongsTo and the other a HasMany or HasOne, or both have to go through the same association", rel.backName)
	case back.backName != "" && back.backName != rel.name:
		return fmt.Errorf("back=%s: the other side names %s as its back", rel.backName, back.backName)
	case back.back != nil && back.back != rel:
		return fmt.Errorf("back=%s: it is the other side of %s already", rel.backName, back.back)
	case rel.fk != back.fk:
		return fmt.Errorf("back=%s: the foreign key of this side is %s, that of the other %s", rel.backName, rel.fk.path, back.fk.path)
	case rel.through != back.through:
		return fmt.Errorf("back=%s: this side goes through %s, the other through %q", rel.backName, rel.through, back.through)
	}
	rel.back, back.back = back, rel
	return nil
}

// finish takes the order in.
func (rel *relation) finish(*tables) error {
	for _, name := range rel.orderNames {
		field, down := strings.CutPrefix(name, "-")
		f := rel.target.fieldByName(strings.TrimPrefix(field, "+"))
		if f == nil {
			return fmt.Errorf("order=%s: %s has no such field", name, rel.target.typ.Name())
		}
		rel.order = append(rel.order, dialect.Order{X: dialect.Column{Source: rel.target.source, Name: f.name}, Desc: down})
	}
	return nil
}

// ready looks up the association model, if the relation has one.
func (rel *relation) ready() error {
	if rel.kind != manyToMany || rel.via.Load() != nil {
		return nil
	}
	via, err := rel.association()
	if err != nil {
		return fmt.Errorf("models: %s (tag `rel:%q`): %w", rel.path, rel.text, err)
	}
	rel.via.CompareAndSwap(nil, via)
	return nil
}

func (rel *relation) association() (*association, error) {
	var found []*table
	for _, t := range rel.reg.tables.Load().order {
		if t.typ.Name() == rel.through || t.typ.String() == rel.through {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("through=%s: no such struct is registered: register it, models.Register[%s]()", rel.through, rel.through)
	case len(found) > 1:
		return nil, fmt.Errorf("through=%s: %s and %s are called so: write the package too", rel.through, found[0].typ, found[1].typ)
	}
	a := &association{t: found[0], between: found[0].source}
	if a.t == rel.target {
		return nil, fmt.Errorf("through=%s: the association is the target itself", rel.through)
	}
	var err error
	if a.own, a.ownRef, err = a.side("fk", rel.fkName, rel.t, ""); err != nil {
		return nil, err
	}
	if a.other, a.otherRef, err = a.side("other", rel.otherName, rel.target, a.own.name); err != nil {
		return nil, err
	}
	for _, fk := range a.t.facts.ForeignKeys {
		if fk.Columns[0] == a.own.name {
			a.cascades = fk.OnDelete == "CASCADE"
		}
	}
	return a, nil
}

// side finds the foreign key of an association to one of its sides.
func (a *association) side(option, name string, to *table, taken string) (fk, ref *field, err error) {
	if name != "" {
		if fk = a.t.fieldByName(name); fk == nil {
			return nil, nil, fmt.Errorf("%s=%s: %s has no such field", option, name, a.t.typ.Name())
		}
	} else {
		for _, k := range a.t.facts.ForeignKeys {
			if k.RefTable != to.facts.Name || len(k.Columns) != 1 || k.Columns[0] == taken {
				continue
			}
			if fk != nil {
				return nil, nil, fmt.Errorf("several foreign keys of %s refer to %s: name this side's with fk= and the other's with other=", a.t.typ.Name(), to.typ.Name())
			}
			fk = a.t.byName[k.Columns[0]]
		}
		if fk == nil {
			return nil, nil, fmt.Errorf("no foreign key of %s refers to %s", a.t.typ.Name(), to.typ.Name())
		}
	}
	ref, err = reference(a.t, fk, to)
	return fk, ref, err
}

func (t *table) relationByName(name string) *relation {
	i := slices.IndexFunc(t.relations, func(r *relation) bool { return r.name == name })
	if i < 0 {
		return nil
	}
	return t.relations[i]
}

// goName is the name of a field in its struct.
func goName(f *field) string { return f.path[strings.LastIndexByte(f.path, '.')+1:] }

// fieldByName returns the field with a Go name, nil if there is none or the name is
// written otherwise.
func (t *table) fieldByName(name string) *field {
	for _, f := range t.fields {
		if goName(f) == name {
			return f
		}
	}
	return nil
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
