package models

import (
	"fmt"
	"slices"

	"github.com/spillwaydb/spillway/internal/schema"
)

// named puts a prefix before the names in a tag, so that a struct that is part of
// another twice does not share them.
func (t *tag) named(prefix string) {
	add := func(name *string) *string {
		if name == nil || *name == "" {
			return name
		}
		with := prefix + *name
		return &with
	}
	t.unique, t.index = add(t.unique), add(t.index)
	if t.fkName != "" {
		t.fkName = prefix + t.fkName
	}
	t.checks = slices.Clone(t.checks)
	for i := range t.checks {
		if t.checks[i].Name != "" {
			t.checks[i].Name = prefix + t.checks[i].Name
		}
	}
}

// foreignKey adds the foreign key of a column; those with one name are one key of
// several columns.
func (m *mapping) foreignKey(f *field, tg tag) error {
	facts := m.t.facts
	if f.own || f.kind == schema.Array {
		return fmt.Errorf("fk=%s: %s", tg.fk, needsPlain(f.typ))
	}
	if at, ok := m.keys[tg.fkName]; ok {
		fk := &facts.ForeignKeys[at]
		if fk.RefTable != tg.refTable {
			return fmt.Errorf("fk.%s refers to %s here and to %s at the column %s", tg.fkName, tg.refTable, fk.RefTable, fk.Columns[0])
		}
		if tg.onDelete != "" && fk.OnDelete != "" && tg.onDelete != fk.OnDelete || tg.onUpdate != "" && fk.OnUpdate != "" && tg.onUpdate != fk.OnUpdate {
			return fmt.Errorf("fk.%s has other actions at the column %s", tg.fkName, fk.Columns[0])
		}
		fk.Columns, fk.RefColumns = append(fk.Columns, f.name), append(fk.RefColumns, tg.refCol)
		fk.OnDelete, fk.OnUpdate = max(fk.OnDelete, tg.onDelete), max(fk.OnUpdate, tg.onUpdate)
		fk.Deferrable = fk.Deferrable || tg.deferrable
		return nil
	}
	fk := schema.ForeignKey{
		Name: tg.fkName, Columns: []string{f.name}, RefTable: tg.refTable, RefColumns: []string{tg.refCol},
		OnDelete: tg.onDelete, OnUpdate: tg.onUpdate, Deferrable: tg.deferrable,
	}
	if fk.Name == "" {
		fk.Name = schema.ForeignKeyName(facts.Name, fk.Columns, fk.RefTable)
	} else {
		if m.keys == nil {
			m.keys = map[string]int{}
		}
		m.keys[fk.Name] = len(facts.ForeignKeys)
	}
	facts.ForeignKeys = append(facts.ForeignKeys, fk)
	return nil
}

// actions checks that columns can take what the actions of foreign keys give them.
func (m *mapping) actions() error {
	for _, fk := range m.t.facts.ForeignKeys {
		for _, name := range fk.Columns {
			f := m.t.byName[name]
			if (fk.OnDelete == schema.SetNull || fk.OnUpdate == schema.SetNull) && !f.nullable {
				return fmt.Errorf("models: %s: fk=%s: setnull needs a column that can be NULL; make the type *%s", f.path, m.tags[f].fk, f.typ)
			}
			if (fk.OnDelete == schema.SetDefault || fk.OnUpdate == schema.SetDefault) && f.col.Default == nil && f.col.Server == nil && !f.nullable {
				return fmt.Errorf("models: %s: fk=%s: setdefault needs a default", f.path, m.tags[f].fk)
			}
		}
	}
	return nil
}

// checks adds the checks of a column.
func (m *mapping) checks(f *field, tg tag) error {
	facts := m.t.facts
	enum, err := enumOf(f, tg)
	if err != nil {
		return err
	}
	f.enum = enum
	if len(enum) > 0 {
		facts.Checks = append(facts.Checks, schema.Check{Name: schema.CheckName(facts.Name, f.name, "enum"), Expr: oneOf(f.name, enum)})
	}
	for i, ck := range tg.checks {
		if ck.Name == "" {
			ck.Name = schema.CheckName(facts.Name, f.name)
			if i > 0 {
				ck.Name = schema.CheckName(facts.Name, f.name, fmt.Sprint(i+1))
			}
		}
		for _, have := range facts.Checks {
			if have.Name == ck.Name {
				return fmt.Errorf("check.%s is given twice", ck.Name)
			}
		}
		facts.Checks = append(facts.Checks, ck)
	}
	return nil
}

// group is a unique constraint or an index in the making: fields that give one the same
// name share it.
type group struct {
	schema.Index
	first *field
	plain bool // a constraint says it all
}

// groups collects unique constraints and indexes.
func (m *mapping) groups() error {
	t := m.t
	byName := map[string]*group{}
	var order []*group
	add := func(f *field, tg tag, name string, unique bool) error {
		g := byName[name]
		if g == nil {
			g = &group{first: f, plain: true}
			g.Name, g.Unique = name, unique
			byName[name], order = g, append(order, g)
		}
		switch {
		case g.Unique != unique:
			return fmt.Errorf("models: %s: %s is a unique constraint and an index: give one another name", f.path, name)
		case g.Where != "" && tg.where != "" && g.Where != tg.where:
			return fmt.Errorf("models: %s: where of %s is given here and at %s, and differs", f.path, name, g.first.path)
		case tg.where != "":
			g.Where = tg.where
		}
		g.Terms = append(g.Terms, schema.Term{Column: f.name, Expr: tg.expr, Desc: tg.desc})
		g.plain = g.plain && tg.where == "" && tg.expr == "" && !tg.desc
		return nil
	}
	for _, f := range t.fields {
		tg := m.tags[f]
		if tg.unique != nil {
			name := *tg.unique
			if name == "" {
				name = schema.UniqueName(t.facts.Name, f.name)
			}
			if err := add(f, tg, name, true); err != nil {
				return err
			}
		}
		if tg.index != nil {
			name := *tg.index
			if name == "" && tg.where == "" && tg.expr == "" && !tg.desc && (tg.unique != nil && *tg.unique == "" || len(t.key) == 1 && f == t.key[0]) {
				continue // the constraint has an index already
			}
			if name == "" {
				name = schema.IndexName(t.facts.Name, f.name)
			}
			if err := add(f, tg, name, false); err != nil {
				return err
			}
		}
	}
	for _, g := range order {
		if !g.Unique || !g.plain {
			t.facts.Indexes = append(t.facts.Indexes, g.Index)
			continue
		}
		u := schema.Unique{Name: g.Name}
		for _, term := range g.Terms {
			u.Columns = append(u.Columns, term.Column)
		}
		t.facts.Uniques = append(t.facts.Uniques, u)
	}
	return nil
}
