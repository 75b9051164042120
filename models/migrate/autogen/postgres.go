package autogen

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// The catalog tells everything in the server's own words
// (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CATALOG),
// so that two schemas hold the same exactly when the words are the same.
const (
	pgColumns = `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
	a.attgenerated::text, coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
	coalesce(CASE WHEN a.attcollation <> ty.typcollation THEN quote_ident(co.collname) END, '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type ty ON ty.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.oid, a.attnum`
	pgConstraints = `SELECT c.relname::text, con.conname::text, con.contype::text, pg_get_constraintdef(con.oid),
	coalesce((SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY k (num, n)
		JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.num), '[]')::text,
	coalesce(f.relname::text, ''),
	coalesce((SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY k (num, n)
		JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.num), '[]')::text
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid LEFT JOIN pg_class f ON f.oid = con.confrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND con.contype IN ('p', 'u', 'c', 'f')
	AND (f.oid IS NULL OR f.relnamespace = c.relnamespace)
ORDER BY con.oid`
	pgIndexes = `SELECT c.relname::text, i.relname::text, pg_get_indexdef(x.indexrelid, 0, true), x.indisunique
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
	AND NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = x.indexrelid AND con.contype IN ('p', 'u', 'x'))
ORDER BY x.indexrelid`
	pgViews = `SELECT DISTINCT t.relname::text, a.attname::text, v.relname::text
FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND v.oid <> t.oid
	AND t.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2, 3`
)

// readPostgres tells what the first schema of the search path holds.
func readPostgres(ctx context.Context, a asker) (*state, error) {
	s := &state{dialect: dialect.Postgres}
	rows, err := a.ask(ctx, pgColumns)
	if err != nil {
		return nil, fmt.Errorf("read the columns: %w", err)
	}
	for _, r := range rows {
		t := s.table(text(r[0]))
		if t == nil {
			t = &table{name: text(r[0])}
			s.tables = append(s.tables, t)
		}
		c := &column{name: text(r[1]), typ: spelled(text(r[2])), notNull: r[3] == true, identity: text(r[4]), collate: text(r[7])}
		switch expr := text(r[6]); {
		case text(r[5]) != "":
			c.gen = spelled(expr)
		default:
			c.def = spelled(expr)
		}
		c.auto = c.identity != "" || strings.HasPrefix(c.def.text, "nextval(")
		t.columns = append(t.columns, c)
	}
	if rows, err = a.ask(ctx, pgConstraints); err != nil {
		return nil, fmt.Errorf("read the constraints: %w", err)
	}
	for _, r := range rows {
		t := s.table(text(r[0]))
		if t == nil {
			continue // a table without columns
		}
		p := &part{name: text(r[1]), text: text(r[3]), columns: list(r[4]), ref: text(r[5]), refColumns: list(r[6])}
		p.canon = canonText(p.text)
		switch text(r[2]) {
		case "p":
			t.key, t.keyName = p.columns, p.name
			continue
		case "u":
			p.kind = unique
		case "c":
			p.kind, p.canon = check, canonText(strings.TrimPrefix(p.text, "CHECK "))
		case "f":
			p.kind = foreign
		}
		t.parts = append(t.parts, p)
	}
	if rows, err = a.ask(ctx, pgIndexes); err != nil {
		return nil, fmt.Errorf("read the indexes: %w", err)
	}
	for _, r := range rows {
		if t := s.table(text(r[0])); t != nil {
			t.parts = append(t.parts, parseIndex(text(r[1]), text(r[2])))
		}
	}
	if rows, err = a.ask(ctx, pgViews); err != nil {
		return nil, fmt.Errorf("read the views: %w", err)
	}
	for _, r := range rows {
		s.uses = append(s.uses, use{text(r[0]), text(r[1]), text(r[2])})
	}
	return s, nil
}

func list(v any) (out []string) {
	_ = json.Unmarshal([]byte(text(v)), &out) // json_agg wrote it
	return out
}

// settle gives the state of the models the canonical texts of a database that holds them,
// so that it can be compared with other databases; what is written keeps the words of
// the models.
func (s *state) settle(in *state) {
	s.rough = in.rough
	for _, t := range s.tables {
		have := in.table(t.name)
		if have == nil {
			continue
		}
		for _, c := range t.columns {
			if h := have.column(c.name); h != nil {
				c.typ.canon, c.def.canon, c.gen.canon, c.collate = h.typ.canon, h.def.canon, h.gen.canon, h.collate
			}
		}
		for _, p := range t.parts {
			if h := have.named(p.kind, p.name); h != nil {
				p.canon, p.columns = h.canon, h.columns
			}
		}
	}
}
