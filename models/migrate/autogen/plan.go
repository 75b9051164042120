package autogen

import (
	"errors"
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A script is the statements that carry a difference out.
type script struct {
	stmts []string
	// rebuilds: a table of SQLite is written anew, for which foreign keys must be off.
	rebuilds bool
	// notes are remarks for whoever reads the file.
	notes []string
	// missing are the columns that need a value for existing rows.
	missing []Question
}

func (s *script) add(format string, args ...any) {
	s.stmts = append(s.stmts, fmt.Sprintf(format, args...))
}

func (s *script) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// ErrRefused is the kind of the error when a change can be made only at a loss that
// nobody asked for, such as that of a trigger. The message names the table and the way
// out.
var ErrRefused = errors.New("autogen: refused")

// planFor writes the script for a difference. strict is for the way forward: then what a
// person should decide is asked, and what would be lost is refused.
func planFor(d *difference, values fills, strict bool) (*script, error) {
	if d.to.dialect == dialect.SQLite {
		p := &sqlitePlan{d: d, values: values, strict: strict}
		err := p.run()
		return &p.script, err
	}
	p := &postgresPlan{d: d, values: values, strict: strict}
	p.run()
	return &p.script, nil
}

// ask asks for a value for existing rows.
func (s *script) ask(t *table, c *column) {
	s.missing = append(s.missing, Question{
		Kind: NeedsFill, Table: t.name, Column: c.name,
		Text: fmt.Sprintf("column %s.%s can not be NULL and has no default: which value do existing rows get?", t.name, c.name),
		Flag: fmt.Sprintf("--fill %s.%s=VALUE", t.name, c.name),
	})
}

// inOrder sorts tables so that parents come first; circles holds, by table, the keys
// that point forward.
func inOrder(tables []*table) (out []*table, circles map[*table][]*part) {
	facts := make([]*schema.Table, len(tables))
	back := map[*schema.Table]*table{}
	keys := map[*schema.Table][]*part{}
	for i, t := range tables {
		f := &schema.Table{Name: t.name}
		for _, p := range t.parts {
			if p.kind == foreign {
				f.ForeignKeys = append(f.ForeignKeys, schema.ForeignKey{RefTable: p.ref})
				keys[f] = append(keys[f], p)
			}
		}
		facts[i], back[f] = f, t
	}
	ordered, deferred := schema.Order(facts)
	circles = map[*table][]*part{}
	for _, f := range ordered {
		out = append(out, back[f])
		for _, i := range deferred[f] {
			circles[back[f]] = append(circles[back[f]], keys[f][i])
		}
	}
	return out, circles
}
