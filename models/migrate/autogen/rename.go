package autogen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/schema"
)

// A rename gives a table (column is empty) or a column another name. Renames of tables
// come first, and those of columns go by the new name of the table.
type rename struct{ table, column, to string }

func (r rename) up() string {
	if r.column == "" {
		return "ALTER TABLE " + q(r.table) + " RENAME TO " + q(r.to)
	}
	return "ALTER TABLE " + q(r.table) + " RENAME COLUMN " + q(r.column) + " TO " + q(r.to)
}

func (r rename) back() rename {
	if r.column == "" {
		return rename{table: r.to, to: r.table}
	}
	return rename{r.table, r.to, r.column}
}

func (r rename) words() string {
	if r.column == "" {
		return "rename table " + r.table + " to " + r.to
	}
	return "rename column " + r.table + "." + r.column + " to " + r.to
}

// renames reads the answers "old=new" and the was options of the models.
func renames(answers []string, cur, want *state, facts []*schema.Table) ([]rename, error) {
	var tables, columns []rename
	for _, a := range answers {
		from, to, ok := strings.Cut(a, "=")
		ft, fc, isCol := strings.Cut(strings.TrimSpace(from), ".")
		tt, tc, toCol := strings.Cut(strings.TrimSpace(to), ".")
		switch {
		case !ok || ft == "" || tt == "" || isCol && fc == "" || toCol && (tc == "" || !isCol):
			return nil, fmt.Errorf("autogen: rename %q: want old=new for a table, table.old=table.new for a column", a)
		case !isCol:
			tables = append(tables, rename{table: ft, to: tt})
		case toCol:
			columns = append(columns, rename{tt, fc, tc})
		default:
			columns = append(columns, rename{ft, fc, tt})
		}
	}
	old := map[string]string{} // by the new name
	for _, r := range tables {
		switch {
		case cur.table(r.table) == nil:
			return nil, fmt.Errorf("autogen: rename %s=%s: there is no table %s among those of earlier models", r.table, r.to, r.table)
		case want.table(r.to) == nil:
			return nil, fmt.Errorf("autogen: rename %s=%s: no model has the table %s", r.table, r.to, r.to)
		case cur.table(r.to) != nil:
			return nil, fmt.Errorf("autogen: rename %s=%s: the table %s exists already", r.table, r.to, r.to)
		}
		old[r.to] = r.table
	}
	before := func(name string) *table {
		if o, ok := old[name]; ok {
			name = o
		}
		return cur.table(name)
	}
	for i, r := range columns {
		for to, from := range old {
			if from == r.table {
				columns[i].table, r.table = to, to
			}
		}
		t, w := before(r.table), want.table(r.table)
		switch {
		case t == nil || w == nil:
			return nil, fmt.Errorf("autogen: rename of %s.%s: there is no table %s both in the database and in the models", r.table, r.column, r.table)
		case t.column(r.column) == nil:
			return nil, fmt.Errorf("autogen: rename of %s.%s: the table has no column %s", r.table, r.column, r.column)
		case w.column(r.to) == nil:
			return nil, fmt.Errorf("autogen: rename of %s.%s: the model of the table has no column %s", r.table, r.column, r.to)
		case t.column(r.to) != nil:
			return nil, fmt.Errorf("autogen: rename of %s.%s: the table has a column %s already", r.table, r.column, r.to)
		}
	}
	for _, m := range facts {
		t := before(m.Name)
		for _, c := range m.Columns {
			r := rename{m.Name, c.Was, c.Name}
			if c.Was != "" && t != nil && t.column(c.Was) != nil && t.column(c.Name) == nil && !slices.Contains(columns, r) {
				columns = append(columns, r)
			}
		}
	}
	return append(tables, columns...), nil
}

// apply renames in the facts of models, for planning without a database.
func (r rename) apply(facts []*schema.Table) []*schema.Table {
	out := make([]*schema.Table, len(facts))
	from, to := r.table, r.to
	if r.column != "" {
		from = r.column
	}
	name := func(s *string) {
		if *s == from {
			*s = to
		}
	}
	names := func(list []string) []string {
		list = slices.Clone(list)
		for i := range list {
			name(&list[i])
		}
		return list
	}
	for i, f := range facts {
		t := *f
		own := t.Name == r.table
		if r.column == "" {
			name(&t.Name)
		}
		cols := own && r.column != ""
		if cols {
			t.Columns = slices.Clone(t.Columns)
			for j, c := range t.Columns {
				d := *c
				name(&d.Name)
				if d.Generated != nil {
					d.Generated = schema.PerBackend{}
					for k, v := range c.Generated {
						d.Generated[k] = renamedIn(v, from, to)
					}
				}
				t.Columns[j] = &d
			}
			t.Key = names(t.Key)
			t.Uniques = slices.Clone(t.Uniques)
			for j := range t.Uniques {
				t.Uniques[j].Columns = names(t.Uniques[j].Columns)
			}
			t.Checks = slices.Clone(t.Checks)
			for j := range t.Checks {
				t.Checks[j].Expr = renamedIn(t.Checks[j].Expr, from, to)
			}
			t.Indexes = slices.Clone(t.Indexes)
			for j := range t.Indexes {
				ix := &t.Indexes[j]
				ix.Where = renamedIn(ix.Where, from, to)
				ix.Terms = slices.Clone(ix.Terms)
				for k := range ix.Terms {
					name(&ix.Terms[k].Column)
					ix.Terms[k].Expr = renamedIn(ix.Terms[k].Expr, from, to)
				}
			}
		}
		t.ForeignKeys = slices.Clone(t.ForeignKeys)
		for j := range t.ForeignKeys {
			fk := &t.ForeignKeys[j]
			if cols {
				fk.Columns = names(fk.Columns)
			}
			if fk.RefTable == r.table {
				if r.column == "" {
					fk.RefTable = to
				} else {
					fk.RefColumns = names(fk.RefColumns)
				}
			}
		}
		out[i] = &t
	}
	return out
}

// renamedIn puts another name into an expression.
func renamedIn(sql, from, to string) string {
	var b strings.Builder
	at := 0
	for _, t := range tokens(sql) {
		if t.kind == quoted && t.text == from || t.kind == word && strings.EqualFold(t.text, from) {
			b.WriteString(sql[at:t.start])
			if t.kind == quoted || canonName(to) != to {
				b.WriteString(q(to))
			} else {
				b.WriteString(to)
			}
			at = t.end
		}
	}
	return b.String() + sql[at:]
}
