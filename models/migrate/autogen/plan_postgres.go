package autogen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// postgresPlan writes a script for Postgres. What other things hold on to is let go
// first and made last: foreign keys, then indexes and constraints, then columns.
type postgresPlan struct {
	script
	d      *difference
	values fills
	strict bool

	late []string // keys, constraints and indexes
	last []string // foreign keys
}

func (p *postgresPlan) run() {
	dropped, circles := inOrder(p.d.drop)
	for _, t := range dropped {
		for _, fk := range circles[t] {
			p.dropConstraint(t.name, fk.name)
		}
	}
	for _, x := range p.d.alter {
		for _, part := range x.gone {
			if part.kind == foreign {
				p.dropConstraint(x.to.name, part.name)
			}
		}
	}
	p.loosen()
	for _, x := range p.d.alter {
		for _, part := range x.gone {
			switch part.kind {
			case index:
				p.add("DROP INDEX %s", q(part.name))
			case unique, check:
				p.dropConstraint(x.to.name, part.name)
			}
		}
		if x.key && len(x.from.key) > 0 {
			p.dropConstraint(x.to.name, x.from.primary())
		}
	}
	for _, x := range p.d.alter {
		for _, r := range x.renamed {
			if r[0].kind == index {
				p.add("ALTER INDEX %s RENAME TO %s", q(r[0].name), q(r[1].name))
			} else {
				p.add("ALTER TABLE %s RENAME CONSTRAINT %s TO %s", q(x.to.name), q(r[0].name), q(r[1].name))
			}
		}
	}
	for _, t := range slices.Backward(dropped) {
		p.add("DROP TABLE %s", q(t.name))
	}
	created, circles := inOrder(p.d.create)
	for _, t := range created {
		p.create(t, circles[t])
	}
	for _, x := range p.d.alter {
		p.columns(x)
		if x.key && len(x.to.key) > 0 {
			p.late = append(p.late, "ALTER TABLE "+q(x.to.name)+" ADD PRIMARY KEY ("+dialect.Names(x.to.key)+")")
		}
		for _, part := range x.come {
			p.part(x.to.name, part)
		}
	}
	p.stmts = append(p.stmts, p.late...)
	p.stmts = append(p.stmts, p.last...)
}

// primary is the name of the primary key's constraint.
func (t *table) primary() string {
	if t.keyName != "" {
		return t.keyName
	}
	return t.name + "_pkey"
}

func (p *postgresPlan) dropConstraint(table, name string) {
	p.add("ALTER TABLE %s DROP CONSTRAINT %s", q(table), q(name))
}

// part puts making a constraint or an index where it belongs.
func (p *postgresPlan) part(table string, x *part) {
	switch x.kind {
	case index:
		p.late = append(p.late, x.text)
	case foreign:
		p.last = append(p.last, "ALTER TABLE "+q(table)+" ADD CONSTRAINT "+q(x.name)+" "+x.text)
	default:
		p.late = append(p.late, "ALTER TABLE "+q(table)+" ADD CONSTRAINT "+q(x.name)+" "+x.text)
	}
}

// loosen drops the foreign keys that stay but stand on a key or a type that changes; they
// are made again at the end.
func (p *postgresPlan) loosen() {
	shaken := func(table string, columns []string) bool {
		for _, x := range p.d.alter {
			if x.to.name != table {
				continue
			}
			for _, c := range x.alter {
				if (c.typ || c.gen) && slices.Contains(columns, c.to.name) {
					return true
				}
			}
			if x.key && slices.Equal(x.from.key, columns) {
				return true
			}
			return slices.ContainsFunc(x.gone, func(g *part) bool { return g.kind != foreign && slices.Equal(g.columns, columns) })
		}
		return false
	}
	for _, from := range p.d.from.tables {
		to := p.d.to.table(from.name)
		if to == nil {
			continue
		}
		for _, fk := range from.parts {
			if fk.kind != foreign || !shaken(from.name, fk.columns) && !shaken(fk.ref, fk.refColumns) {
				continue
			}
			for _, x := range p.d.alter {
				if x.from == from && slices.Contains(x.gone, fk) {
					fk = nil // dropped anyhow
					break
				}
			}
			if fk == nil {
				continue
			}
			p.dropConstraint(from.name, fk.name)
			again := *fk
			if same := to.named(foreign, fk.name); same != nil {
				again = *same
			}
			for _, x := range p.d.alter { // it may get another name
				for i, r := range x.renamed {
					if r[0] == fk {
						again = *r[1]
						x.renamed = slices.Delete(slices.Clone(x.renamed), i, i+1)
						break
					}
				}
			}
			p.part(from.name, &again)
		}
	}
}

// create makes a table; keys that point forward, or to a table that changes, come last.
func (p *postgresPlan) create(t *table, circle []*part) {
	lines := make([]string, 0, len(t.columns)+len(t.parts)+1)
	for _, c := range t.columns {
		lines = append(lines, c.definition())
	}
	if len(t.key) > 0 {
		lines = append(lines, "PRIMARY KEY ("+dialect.Names(t.key)+")")
	}
	for _, x := range t.parts {
		changes := slices.ContainsFunc(p.d.alter, func(d *delta) bool { return d.to.name == x.ref })
		if x.kind == index || x.kind == foreign && (changes || slices.Contains(circle, x)) {
			p.part(t.name, x)
		} else {
			lines = append(lines, "CONSTRAINT "+q(x.name)+" "+x.text)
		}
	}
	p.add("CREATE TABLE %s (\n\t%s\n)", q(t.name), strings.Join(lines, ",\n\t"))
}

// definition is the text of a column.
func (c *column) definition() string {
	s := q(c.name) + " " + c.typ.text
	if c.collate != "" {
		s += " COLLATE " + c.collate
	}
	if c.notNull {
		s += " NOT NULL"
	}
	if c.gen.text != "" {
		s += " GENERATED ALWAYS AS (" + c.gen.text + ") STORED"
	} else if c.def.text != "" {
		s += " DEFAULT " + c.def.text
	}
	switch c.identity {
	case "a":
		s += " GENERATED ALWAYS AS IDENTITY"
	case "d":
		s += " GENERATED BY DEFAULT AS IDENTITY"
	}
	return s
}

// columns changes the columns of a table.
func (p *postgresPlan) columns(x *delta) {
	t := q(x.to.name)
	var first, second, third, drop []string
	var fill []string
	again := func(c *column) bool { // a generated column that has to be made anew
		for _, a := range x.alter {
			if a.to == c && (a.gen && c.gen.text != "" || a.typ && c.gen.text != "") {
				return true
			}
		}
		if c.gen.text == "" || x.from.column(c.name) == nil {
			return false
		}
		for _, a := range x.alter {
			if a.typ && mentions(c.gen.text, a.to.name) {
				return true
			}
		}
		return false
	}
	for _, c := range x.to.columns {
		if again(c) {
			drop = append(drop, "DROP COLUMN "+q(c.name))
			third = append(third, "ADD COLUMN "+c.definition())
			for _, part := range x.to.parts { // which went with it
				if part.covers(c.name) && !slices.Contains(x.come, part) {
					p.part(x.to.name, part)
				}
			}
		}
	}
	for _, c := range x.add {
		switch v, given := p.values[x.to.name+"."+c.name]; {
		case c.gen.text != "":
			third = append(third, "ADD COLUMN "+c.definition())
		case given:
			free := *c
			free.notNull = false
			first = append(first, "ADD COLUMN "+free.definition())
			fill = append(fill, fmt.Sprintf("UPDATE %s SET %s = %s", t, q(c.name), v))
			if c.notNull {
				second = append(second, "ALTER COLUMN "+q(c.name)+" SET NOT NULL")
			}
		case c.notNull && c.def.text == "" && !c.auto:
			v, ok := p.values.fill(dialect.Postgres, x.to, c, p.strict)
			if !ok {
				p.ask(x.to, c)
				v = "NULL"
			}
			filled := *c
			filled.def = typed{text: v}
			first = append(first, "ADD COLUMN "+filled.definition())
			second = append(second, "ALTER COLUMN "+q(c.name)+" DROP DEFAULT")
		default:
			first = append(first, "ADD COLUMN "+c.definition())
		}
	}
	var sequences []string
	for _, c := range x.alter {
		if again(c.to) {
			continue
		}
		name := "ALTER COLUMN " + q(c.to.name)
		if c.gen { // it was one and is no longer
			drop = append(drop, name+" DROP EXPRESSION")
		}
		if c.auto && c.from.auto {
			if c.from.identity != "" {
				drop = append(drop, name+" DROP IDENTITY")
			} else {
				drop = append(drop, name+" DROP DEFAULT")
			}
		}
		if c.typ || c.collate {
			if c.from.def.text != "" && !c.from.auto {
				first = append(first, name+" DROP DEFAULT")
			}
			typ := c.to.typ.text
			if c.to.collate != "" {
				typ += " COLLATE " + c.to.collate
			}
			first = append(first, name+" TYPE "+typ+" USING "+using(c.from, c.to))
		}
		if c.null && c.to.notNull {
			if !c.to.auto {
				v, ok := p.values.fill(dialect.Postgres, x.to, c.to, p.strict)
				if !ok {
					p.ask(x.to, c.to)
					v = "NULL"
				}
				fill = append(fill, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s IS NULL", t, q(c.to.name), v, q(c.to.name)))
			}
			second = append(second, name+" SET NOT NULL")
		} else if c.null {
			second = append(second, name+" DROP NOT NULL")
		}
		if c.def || c.typ && c.from.def.text != "" && !c.from.auto {
			if c.to.def.text != "" {
				second = append(second, name+" SET DEFAULT "+c.to.def.text)
			} else if !c.typ && !c.auto {
				second = append(second, name+" DROP DEFAULT")
			}
		}
		if c.auto && c.to.auto {
			if c.from.def.text != "" && !c.typ {
				drop = append(drop, name+" DROP DEFAULT")
			}
			switch c.to.identity {
			case "a":
				sequences = append(sequences, name+" ADD GENERATED ALWAYS AS IDENTITY")
			case "d":
				sequences = append(sequences, name+" ADD GENERATED BY DEFAULT AS IDENTITY")
			default:
				sequences = append(sequences, name+" SET DEFAULT "+c.to.def.text)
			}
		}
	}
	var gone []string
	for _, c := range x.drop {
		if c.gen.text != "" {
			drop = append(drop, "DROP COLUMN "+q(c.name))
		} else {
			gone = append(gone, "DROP COLUMN "+q(c.name))
		}
	}
	alter := func(parts []string) {
		if len(parts) > 0 {
			p.add("ALTER TABLE %s\n\t%s", t, strings.Join(parts, ",\n\t"))
		}
	}
	alter(drop)
	alter(first)
	p.stmts = append(p.stmts, fill...)
	alter(second)
	alter(gone)
	alter(third)
	alter(sequences)
	for _, c := range x.alter {
		if c.auto && c.to.auto && c.to.identity != "" {
			text := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
			p.add("SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max(%s), 0) + 1, false) FROM %s", text(t), text(c.to.name), q(c.to.name), t)
		}
	}
}

// using converts the values of a column to another type.
func using(from, to *column) string {
	c, typ := q(from.name), to.typ.text
	a, b := classOf(from.typ), classOf(to.typ)
	switch {
	case a == b:
		return c + "::" + typ
	case a == numbers && b == booleans:
		return c + " <> 0"
	case a == booleans && b == numbers:
		return c + "::integer::" + typ
	case b == documents && a != texts:
		return "to_jsonb(" + c + ")::" + typ
	case a == documents:
		return "(" + c + " #>> '{}')::" + typ
	case a == texts && b == binaries:
		return "convert_to(" + c + ", 'UTF8')"
	case a == binaries && b == texts:
		return "convert_from(" + c + ", 'UTF8')::" + typ
	}
	return c + "::text::" + typ
}
