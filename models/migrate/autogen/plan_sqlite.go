package autogen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// sqlitePlan writes a script for SQLite. What ALTER TABLE can not do there
// (https://www.sqlite.org/lang_altertable.html) is done by writing the table anew.
type sqlitePlan struct {
	script
	d      *difference
	values fills
	strict bool
}

var q = dialect.Quote

func (p *sqlitePlan) run() error {
	var indexes []string
	// Names of indexes belong to the whole database, so they are free before any is made.
	for _, x := range p.d.alter {
		for _, ix := range x.gone {
			if ix.kind == index && !ix.within {
				p.add("DROP INDEX %s", q(ix.name))
			}
		}
	}
	dropped, _ := inOrder(p.d.drop)
	for _, t := range slices.Backward(dropped) { // children first
		p.add("DROP TABLE %s", q(t.name))
	}
	created, _ := inOrder(p.d.create)
	for _, t := range created {
		p.add("%s", t.sql)
		indexes = append(indexes, t.indexes()...)
	}
	for _, x := range p.d.alter {
		if p.rebuild(x) {
			if err := p.anew(x); err != nil {
				return err
			}
			indexes = append(indexes, x.to.indexes()...)
			continue
		}
		for _, c := range x.drop {
			p.add("ALTER TABLE %s DROP COLUMN %s", q(x.to.name), q(c.name))
		}
		for _, c := range x.add {
			p.add("ALTER TABLE %s ADD COLUMN %s", q(x.to.name), c.sql)
		}
		for _, ix := range x.come {
			indexes = append(indexes, ix.text)
		}
	}
	p.stmts = append(p.stmts, indexes...)
	for _, tr := range p.d.from.triggers { // made again when all is in place
		if i := slices.IndexFunc(p.d.alter, func(x *delta) bool { return x.to.name == tr.table }); i >= 0 && p.rebuild(p.d.alter[i]) {
			p.stmts = append(p.stmts, tr.sql)
		}
	}
	return nil
}

// foreignKeyGuard makes a script fail where foreign keys are on: then DROP TABLE would
// delete the rows that refer to the table, without a word, and the setting can not be
// changed within a transaction (https://www.sqlite.org/pragma.html#pragma_foreign_keys).
var foreignKeyGuard = []string{
	`CREATE TEMP TABLE "_foreign_keys" ("on" INTEGER CONSTRAINT "this migration writes tables anew: run it with PRAGMA foreign_keys = OFF" CHECK ("on" = 0))`,
	`INSERT INTO temp."_foreign_keys" SELECT foreign_keys FROM pragma_foreign_keys`,
	`DROP TABLE temp."_foreign_keys"`,
}

// indexes are the statements that make the indexes of a table.
func (t *table) indexes() (out []string) {
	for _, ix := range t.parts {
		if ix.kind == index && !ix.within {
			out = append(out, ix.text)
		}
	}
	return out
}

// rebuild reports whether a table has to be written anew.
func (p *sqlitePlan) rebuild(x *delta) bool {
	if x.key || len(x.alter) > 0 {
		return true
	}
	for _, part := range slices.Concat(x.gone, x.come) {
		if part.kind != index || part.within {
			return true
		}
	}
	for _, c := range x.add {
		def := strings.ToUpper(c.def.text)
		if c.gen.text != "" || c.auto || c.notNull && def == "" || strings.HasPrefix(def, "(") || strings.HasPrefix(def, "CURRENT_") {
			return true
		}
	}
	for _, c := range x.drop {
		if slices.Contains(x.from.key, c.name) || c.gen.text != "" {
			return true
		}
		for _, other := range x.from.columns {
			if other.gen.text != "" && mentions(other.gen.text, c.name) {
				return true
			}
		}
		for _, part := range x.from.parts {
			if part.covers(c.name) && !slices.Contains(x.gone, part) {
				return true
			}
		}
	}
	return len(x.drop) > 0 && p.watched(x.from.name)
}

// watched reports whether a trigger or a view uses a table.
func (p *sqlitePlan) watched(name string) bool {
	for _, tr := range p.d.from.triggers {
		if tr.table == name || mentions(tr.sql, name) {
			return true
		}
	}
	return slices.ContainsFunc(p.d.from.views, func(v string) bool { return mentions(v, name) })
}

// anew writes a table anew, in the steps that
// https://www.sqlite.org/lang_altertable.html#otheralter gives.
func (p *sqlitePlan) anew(x *delta) error {
	p.rebuilds = true
	if err := p.kept(x); err != nil {
		return err
	}
	t, fresh := x.to.name, "_new_"+x.to.name
	p.add("%s", renamedCreate(x.to.sql, fresh))
	var into, from []string
	for _, c := range x.to.columns {
		if c.gen.text != "" {
			continue
		}
		old := x.from.column(c.name)
		switch {
		case old == nil && (!c.notNull || c.def.text != "" || c.auto):
			if v, ok := p.values[t+"."+c.name]; ok {
				into, from = append(into, q(c.name)), append(from, v)
			}
			continue
		case old == nil:
			v, ok := p.values.fill(dialect.SQLite, x.to, c, p.strict)
			if !ok {
				p.ask(x.to, c)
				v = "NULL"
			}
			into, from = append(into, q(c.name)), append(from, v)
		case c.notNull && !old.notNull && !c.auto:
			v, ok := p.values.fill(dialect.SQLite, x.to, c, p.strict)
			if !ok {
				p.ask(x.to, c)
				v = "NULL"
			}
			into, from = append(into, q(c.name)), append(from, "ifnull("+q(c.name)+", "+v+")")
		default:
			into, from = append(into, q(c.name)), append(from, q(c.name))
		}
	}
	if len(into) > 0 {
		p.add("INSERT INTO %s (%s) SELECT %s FROM %s", q(fresh), strings.Join(into, ", "), strings.Join(from, ", "), q(t))
	}
	auto := func(c *column) bool { return c.auto }
	if slices.ContainsFunc(x.from.columns, auto) && slices.ContainsFunc(x.to.columns, auto) {
		// Keys that were given out once are not given out again.
		text := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		p.add("DELETE FROM sqlite_sequence WHERE name = %s", text(fresh))
		p.add("INSERT INTO sqlite_sequence (name, seq) SELECT %s, seq FROM sqlite_sequence WHERE name = %s", text(fresh), text(t))
	}
	p.add("DROP TABLE %s", q(t))
	// Without it RENAME stumbles over views and triggers that speak of the table, which
	// is not there for this moment.
	p.add("PRAGMA legacy_alter_table = ON")
	p.add("ALTER TABLE %s RENAME TO %s", q(fresh), q(t))
	p.add("PRAGMA legacy_alter_table = OFF")
	return nil
}

// kept refuses to lose what the models do not know of.
func (p *sqlitePlan) kept(x *delta) error {
	if !p.strict {
		return nil // the other text is the database's own, which has it all
	}
	lost := slices.Clone(x.from.extras)
	for _, c := range x.from.columns {
		if to := x.to.column(c.name); c.collate != "" && to != nil && to.collate == "" {
			lost = append(lost, "COLLATE "+c.collate+" of "+c.name)
		}
	}
	lost = slices.DeleteFunc(lost, func(e string) bool { return slices.Contains(x.to.extras, e) })
	if len(lost) > 0 {
		return fmt.Errorf("%w: table %s has to be written anew for \"%s\", and its %s would be lost, for which the models have no word: change the table by a migration of your own, or say it in the column's type (type.sqlite='TEXT COLLATE NOCASE')",
			ErrRefused, x.from.name, strings.Join(x.words(), "; "), strings.Join(lost, ", "))
	}
	for _, c := range x.drop {
		for _, tr := range p.d.from.triggers {
			if (tr.table == x.from.name || mentions(tr.sql, x.from.name)) && mentions(tr.sql, c.name) {
				return fmt.Errorf("%w: trigger %s uses column %s.%s, which is to be dropped: drop or change the trigger first", ErrRefused, tr.name, x.from.name, c.name)
			}
		}
		for _, v := range p.d.from.views {
			if mentions(v, x.from.name) && mentions(v, c.name) {
				p.note("a view uses %s.%s, which is dropped: %s", x.from.name, c.name, strings.Join(strings.Fields(v), " "))
			}
		}
	}
	return nil
}

// renamedCreate puts another name into the text of CREATE TABLE.
func renamedCreate(sql, name string) string {
	ts := tokens(sql)
	i := 0
	for i < len(ts) && ts[i].is("CREATE", "TABLE", "IF", "NOT", "EXISTS") {
		i++
	}
	return sql[:ts[i].start] + q(name) + sql[ts[i].end:]
}
