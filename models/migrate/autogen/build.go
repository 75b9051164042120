package autogen

import (
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// build returns what the database holds when it holds exactly the tables of models, in
// the words of package dialect: the same by which CreateTables makes them.
func build(d dialect.Dialect, models []*schema.Table) (*state, error) {
	s := &state{dialect: d, rough: d == dialect.Postgres}
	ordered, _ := schema.Order(models)
	for _, m := range ordered {
		t, err := buildTable(d, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		s.tables = append(s.tables, t)
	}
	return s, nil
}

func buildTable(d dialect.Dialect, m *schema.Table) (*table, error) {
	t := &table{name: m.Name}
	if d == dialect.SQLite {
		var err error
		if t, err = parseTable(strings.Replace(d.CreateTable(m), "TABLE IF NOT EXISTS", "TABLE", 1)); err != nil {
			return nil, err
		}
	} else {
		t.key = m.Key
		for _, c := range m.Columns {
			t.columns = append(t.columns, buildColumn(d, c))
		}
		for _, u := range m.Uniques {
			text := "UNIQUE (" + dialect.Names(u.Columns) + ")"
			t.parts = append(t.parts, &part{kind: unique, name: u.Name, text: text, canon: canonText(text), columns: u.Columns})
		}
		for _, ck := range m.Checks {
			t.parts = append(t.parts, &part{kind: check, name: ck.Name, text: "CHECK (" + ck.Expr + ")", canon: canonText(ck.Expr)})
		}
		for _, fk := range m.ForeignKeys {
			t.parts = append(t.parts, foreignPart(fk.Name, fk))
		}
	}
	for _, ix := range d.Indexes(m) {
		t.parts = append(t.parts, parseIndex(ix.Name, dialect.CreateIndex(m.Name, ix)))
	}
	return t, nil
}

func buildColumn(d dialect.Dialect, c *schema.Column) *column {
	out := &column{name: c.Name, notNull: !c.Nullable, auto: c.Auto}
	out.typ = typed{text: d.Type(c.Type)}
	out.typ.canon = canonType(out.typ.text)
	if c.Auto {
		out.identity = "d"
	}
	if def := d.Default(c); def != "" {
		out.def = spelled(def)
	} else if c.Generated != nil {
		out.gen = spelled(c.Generated.For(d.String()))
	}
	return out
}

// foreignPart makes the part of a foreign key.
func foreignPart(name string, f schema.ForeignKey) *part {
	p := &part{kind: foreign, name: name, text: dialect.ForeignKey(f), columns: f.Columns, ref: f.RefTable, refColumns: f.RefColumns}
	plain := f // the database's own rule has a name too
	if plain.OnDelete == schema.NoAction {
		plain.OnDelete = ""
	}
	if plain.OnUpdate == schema.NoAction {
		plain.OnUpdate = ""
	}
	p.canon = canonText(dialect.ForeignKey(plain))
	return p
}

// pgTypes are the names that Postgres gives types that are written in another way
// (https://www.postgresql.org/docs/current/datatype.html).
var pgTypes = map[string]string{
	"int8": "bigint", "int4": "integer", "int": "integer", "int2": "smallint", "bool": "boolean",
	"float8": "double precision", "float": "double precision", "float4": "real", "decimal": "numeric",
	"varchar": "character varying", "char": "character", "bpchar": "character", "varbit": "bit varying",
	"timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
	"timetz": "time with time zone", "time": "time without time zone",
}

// canonType is a type of Postgres in the spelling of format_type.
func canonType(text string) string {
	ts := tokens(text)
	if len(ts) == 0 {
		return ""
	}
	base := canon(ts[:1])
	full, ok := pgTypes[base]
	if !ok || len(ts) > 1 && ts[1].kind == word {
		return canon(ts)
	}
	rest := strings.TrimSpace(strings.TrimPrefix(canon(ts), base))
	if with, zone, ok := strings.Cut(full, " with"); ok && strings.HasPrefix(rest, "(") { // timestamp(3) with time zone
		end := strings.Index(rest, ")") + 1
		return with + " " + rest[:end] + " with" + zone + rest[end:]
	}
	if rest == "" {
		return full
	}
	return full + " " + rest
}
