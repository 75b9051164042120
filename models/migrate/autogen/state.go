package autogen

import (
	"slices"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A state is what a database holds, or should hold: tables with everything that the
// models can say about them, in the words of the database. Two states are compared by
// their canonical texts and written by their plain ones.
type state struct {
	dialect dialect.Dialect
	tables  []*table // parents first where that is known
	// triggers and views are those of SQLite, which writing a table anew would lose or
	// trip over: their CREATE texts.
	triggers []trigger
	views    []string
	// uses are the columns of Postgres that views use, which can not be dropped or get
	// another type while they do.
	uses []use
	// rough: the canonical texts come from the models, not from a database, so that
	// expressions can not be compared with those of one.
	rough bool
}

type (
	trigger struct{ name, table, sql string }
	use     struct{ table, column, view string }
)

// table returns the table with that name, nil if there is none.
func (s *state) table(name string) *table {
	for _, t := range s.tables {
		if t.name == name {
			return t
		}
	}
	return nil
}

// only returns the state without the tables that keep refuses.
func (s *state) only(keep func(name string) bool) *state {
	out := *s
	out.tables = nil
	for _, t := range s.tables {
		if keep(t.name) {
			out.tables = append(out.tables, t)
		}
	}
	return &out
}

type table struct {
	name    string
	columns []*column
	key     []string
	keyName string // of the constraint on Postgres; empty for the usual one
	parts   []*part
	// sql is the text that creates the table on SQLite.
	sql string
	// extras are what the models have no word for and what writing the table anew on
	// SQLite would lose, such as "COLLATE NOCASE of email".
	extras []string
}

func (t *table) column(name string) *column {
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	return nil
}

// named returns the part of that kind and name, nil if there is none.
func (t *table) named(k partKind, name string) *part {
	for _, p := range t.parts {
		if p.kind == k && p.name == name {
			return p
		}
	}
	return nil
}

type column struct {
	name    string
	typ     typed
	notNull bool
	// auto: the database makes the value. identity tells how on Postgres: "a" always,
	// "d" by default, "" by a sequence in the column's default.
	auto     bool
	identity string
	def      typed // empty text for none
	gen      typed // the expression of a generated column; empty text for none
	virtual  bool  // a generated column that is not stored
	collate  string
	sql      string // its definition on SQLite
}

// typed is SQL text in its spelling and in the canonical one.
type typed struct{ text, canon string }

func spelled(text string) typed { return typed{text, canonText(text)} }

// A partKind is a kind of part of a table.
type partKind uint8

const (
	unique partKind = iota
	check
	foreign
	index
)

// String returns the kind in words.
func (k partKind) String() string {
	return [...]string{"unique constraint", "check", "foreign key", "index"}[k]
}

// A part is a constraint or an index of a table.
type part struct {
	kind partKind
	name string
	// text is the constraint's text behind its name, or the statement that makes the index.
	text  string
	canon string // without the name
	// columns are those of a key or a plain index; ref and refColumns what a foreign key
	// refers to.
	columns, refColumns []string
	ref                 string
	unique              bool // of an index
	within              bool // a UNIQUE within the text of an SQLite table
}

// covers reports whether the part uses a column.
func (p *part) covers(column string) bool {
	return slices.Contains(p.columns, column) || p.kind != foreign && mentions(p.text, column)
}
