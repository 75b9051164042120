package autogen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/schema"
)

// parseTable reads the text of CREATE TABLE as SQLite keeps it in sqlite_schema. That
// text is the only place where SQLite tells all of a table: names and texts of checks,
// deferrable keys, AUTOINCREMENT, collations, declared types.
func parseTable(sql string) (*table, error) {
	p := &parser{sql: sql, ts: tokens(sql), t: &table{sql: sql}}
	i := 0
	for i < len(p.ts) && p.ts[i].is("CREATE", "TEMP", "TEMPORARY", "TABLE", "IF", "NOT", "EXISTS") {
		i++
	}
	if i+1 >= len(p.ts) || !p.ts[i+1].sign("(") {
		return nil, fmt.Errorf("this CREATE TABLE can not be read: %.60q", sql)
	}
	p.t.name = p.ts[i].text
	end := closes(p.ts, i+1)
	if end < 0 {
		return nil, fmt.Errorf("a parenthesis of table %s is not closed", p.t.name)
	}
	for _, item := range split(p.ts[i+2 : end]) {
		if item[0].is("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN") {
			p.constraint(item, nil)
		} else {
			p.column(item)
		}
	}
	for _, o := range split(p.ts[end+1:]) {
		p.t.extras = append(p.t.extras, strings.ToUpper(canon(o)))
	}
	for _, k := range p.t.key {
		// A key can not be NULL on Postgres; here the models say NOT NULL, and the rowid
		// never is.
		if c := p.t.column(k); c != nil && len(p.t.key) == 1 && strings.EqualFold(c.typ.text, "INTEGER") {
			c.notNull = true
		}
	}
	return p.t, nil
}

// split cuts tokens at the commas outside of parentheses.
func split(ts []token) (out [][]token) {
	from, depth := 0, 0
	for i, t := range ts {
		switch {
		case t.sign("("):
			depth++
		case t.sign(")"):
			depth--
		case t.sign(",") && depth == 0:
			out = append(out, ts[from:i])
			from = i + 1
		}
	}
	if from < len(ts) {
		out = append(out, ts[from:])
	}
	return slices.DeleteFunc(out, func(ts []token) bool { return len(ts) == 0 })
}

type parser struct {
	sql string
	ts  []token
	t   *table
}

// text is the stretch of the statement that tokens stand for.
func (p *parser) text(ts []token) string {
	if len(ts) == 0 {
		return ""
	}
	return p.sql[ts[0].start:ts[len(ts)-1].end]
}

func (p *parser) typed(ts []token) typed { return typed{p.text(ts), canon(ts)} }

// column reads the definition of a column.
func (p *parser) column(ts []token) {
	c := &column{name: ts[0].text, sql: p.text(ts)}
	p.t.columns = append(p.t.columns, c)
	i := 1
	for i < len(ts) && !ts[i].is("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS") {
		i++
	}
	c.typ = p.typed(ts[1:i])
	for i < len(ts) {
		i += p.constraint(ts[i:], c)
	}
}

// constraint reads one constraint, of the table or of column c, and returns the number
// of its tokens.
func (p *parser) constraint(ts []token, c *column) int {
	i, name := 0, ""
	if ts[0].is("CONSTRAINT") && len(ts) > 2 {
		i, name = 2, ts[1].text
	}
	first := i
	group := func() []token { // what the next parentheses hold
		for i < len(ts) && !ts[i].sign("(") {
			i++
		}
		end := closes(ts, i)
		if i >= len(ts) || end < 0 {
			i = len(ts)
			return nil
		}
		in := ts[i+1 : end]
		i = end + 1
		return in
	}
	columns := func() []string {
		if c != nil {
			return []string{c.name}
		}
		return p.names(group())
	}
	switch t := ts[i]; {
	case t.is("PRIMARY"):
		i += 2
		p.t.key = columns()
		for i < len(ts) && ts[i].is("ASC", "DESC", "AUTOINCREMENT") {
			if ts[i].is("AUTOINCREMENT") && c != nil {
				c.auto = true
			}
			i++
		}
		i += p.conflict(ts[i:])
	case t.is("NOT"):
		i += 2
		c.notNull = true
		i += p.conflict(ts[i:])
	case t.is("UNIQUE"):
		i++
		u := &part{kind: index, name: name, unique: true, within: true, columns: columns()}
		u.canon = uniqueCanon(p.t.name, u.columns)
		p.t.parts = append(p.t.parts, u)
		i += p.conflict(ts[i:])
	case t.is("CHECK"):
		from := i
		in := group()
		p.t.parts = append(p.t.parts, &part{kind: check, name: name, text: p.text(ts[from:i]), canon: canon(in)})
		i += p.conflict(ts[i:])
	case t.is("DEFAULT"):
		from := i + 1
		i = from + 1
		if ts[from].sign("(") {
			i = max(closes(ts, from), from) + 1
		} else if ts[from].kind == sign { // of a number
			i++
		}
		c.def = p.typed(ts[from:min(i, len(ts))])
	case t.is("COLLATE") && len(ts) > i+1:
		c.collate = canonName(strings.ToLower(ts[i+1].text))
		i += 2
	case t.is("GENERATED", "AS"):
		c.gen = typed{}
		in := group()
		c.gen = p.typed(in)
		c.virtual = true
		if i < len(ts) && ts[i].is("STORED", "VIRTUAL") {
			c.virtual = ts[i].is("VIRTUAL")
			i++
		}
	case t.is("FOREIGN"):
		own := p.names(group())
		i += p.references(ts[i:], name, own)
	case t.is("REFERENCES"):
		i += p.references(ts[i:], name, []string{c.name})
	default: // NULL, or what newer versions know
		i++
	}
	return max(i, first+1)
}

// conflict reads ON CONFLICT, for which the models have no word.
func (p *parser) conflict(ts []token) int {
	if len(ts) < 3 || !ts[0].is("ON") || !ts[1].is("CONFLICT") {
		return 0
	}
	p.t.extras = append(p.t.extras, "ON CONFLICT "+strings.ToUpper(ts[2].text))
	return 3
}

// references reads a foreign key from its REFERENCES on.
func (p *parser) references(ts []token, name string, columns []string) int {
	f := schema.ForeignKey{Columns: columns}
	if len(ts) < 2 {
		return len(ts)
	}
	f.RefTable = ts[1].text
	i := 2
	if i < len(ts) && ts[i].sign("(") {
		end := closes(ts, i)
		f.RefColumns = p.names(ts[i+1 : end])
		i = end + 1
	}
	for i < len(ts) {
		switch {
		case ts[i].is("ON") && i+2 < len(ts):
			n := 1
			if ts[i+2].is("SET", "NO") {
				n = 2
			}
			action := schema.Action(strings.ToUpper(canon(ts[i+2 : min(i+2+n, len(ts))])))
			if ts[i+1].is("DELETE") {
				f.OnDelete = action
			} else {
				f.OnUpdate = action
			}
			i += 2 + n
		case ts[i].is("MATCH"):
			i += 2
		case ts[i].is("DEFERRABLE"):
			i++
		case ts[i].is("NOT") && i+1 < len(ts) && ts[i+1].is("DEFERRABLE"):
			i += 2
		case ts[i].is("INITIALLY") && i+1 < len(ts):
			f.Deferrable = ts[i+1].is("DEFERRED")
			i += 2
		default:
			p.t.parts = append(p.t.parts, foreignPart(name, f))
			return i
		}
	}
	p.t.parts = append(p.t.parts, foreignPart(name, f))
	return i
}

// names reads a list of names.
func (p *parser) names(ts []token) (out []string) {
	for _, item := range split(ts) {
		out = append(out, item[0].text)
		for _, t := range item[1:] {
			if t.is("COLLATE") {
				p.t.extras = append(p.t.extras, strings.ToUpper(canon(item[1:])))
				break
			}
		}
	}
	return out
}

// parseIndex reads the text of CREATE INDEX.
func parseIndex(name, sql string) *part {
	ts := tokens(sql)
	ix := &part{kind: index, name: name, text: sql}
	on := slices.IndexFunc(ts, func(t token) bool { return t.is("ON") })
	if on < 1 || on+1 >= len(ts) {
		ix.canon = canon(ts)
		return ix
	}
	ix.unique = slices.ContainsFunc(ts[:on], func(t token) bool { return t.is("UNIQUE") })
	head := "index"
	if ix.unique {
		head = "unique index"
	}
	rest := ts[on:]
	// Parentheses around a whole term do not matter.
	open := slices.IndexFunc(rest, func(t token) bool { return t.sign("(") })
	end := -1
	if open >= 0 {
		end = closes(rest, open)
	}
	if end < 0 {
		ix.canon = head + " " + canon(rest)
		return ix
	}
	var terms []string
	for _, item := range split(rest[open+1 : end]) {
		way := ""
		if last := item[len(item)-1]; last.is("ASC", "DESC") && len(item) > 1 {
			item = item[:len(item)-1]
			if last.is("DESC") {
				way = " desc"
			}
		}
		if len(item) == 1 {
			ix.columns = append(ix.columns, item[0].text)
		}
		terms = append(terms, canon(item)+way)
	}
	ix.canon = head + " " + canon(rest[:open]) + " ( " + strings.Join(terms, " , ") + " )"
	if tail := rest[end+1:]; len(tail) > 0 && tail[0].is("WHERE") {
		ix.canon += " where " + canon(tail[1:])
	} else if len(tail) > 0 {
		ix.canon += " " + canon(tail)
	}
	return ix
}

// uniqueCanon is the canonical text of a unique index of plain columns.
func uniqueCanon(table string, columns []string) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = canonName(c)
	}
	return "unique index on " + canonName(table) + " ( " + strings.Join(names, " , ") + " )"
}
