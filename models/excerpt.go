package models

import (
	"slices"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// An excerpt says which fields of a table are read, and behind which columns of the row.
type excerpt struct {
	t       *table
	only    []*field // in the order of the table; nil: all
	base    int      // how many columns come before
	partial *partial // what is left out; nil: nothing
}

func (s *excerpt) fields() []*field {
	if s.only == nil {
		return s.t.fields
	}
	return s.only
}

// reads reports whether a column is read.
func (s *excerpt) reads(name string) bool {
	f := s.t.byName[name]
	return f != nil && !s.partial.lacks(f)
}

// width is the number of columns.
func (s *excerpt) width() int { return len(s.fields()) }

// column is the place of a field in the row.
func (s *excerpt) column(f *field) int {
	if s.only == nil {
		return s.base + f.pos
	}
	return s.base + slices.Index(s.only, f)
}

// columns selects the fields from a source.
func (s *excerpt) columns(src *dialect.Source) []dialect.Node {
	if s.only == nil {
		return []dialect.Node{dialect.All{Source: src}}
	}
	out := make([]dialect.Node, len(s.only))
	for i, f := range s.only {
		out[i] = dialect.Column{Source: src, Name: f.name}
	}
	return out
}
