package dialect

import (
	"strings"

	"github.com/spillwaydb/spillway/internal/schema"
)

// A Dialect is the SQL of one backend.
type Dialect uint8

const (
	Postgres Dialect = iota
	SQLite
)

// Count is the number of dialects; a Dialect is an index below it.
const Count = 2

// ByName returns the dialect of the backend with that name.
func ByName(name string) (Dialect, bool) {
	switch name {
	case "postgres":
		return Postgres, true
	case "sqlite":
		return SQLite, true
	}
	return 0, false
}

// String returns the backend's name.
func (d Dialect) String() string {
	if d == SQLite {
		return "sqlite"
	}
	return "postgres"
}

// MaxParams is the number of parameters that one statement may have: 65535 on Postgres
// (a 16-bit field of the Bind message), 32766 on SQLite
// (https://www.sqlite.org/limits.html#max_variable_number).
func (d Dialect) MaxParams() int {
	if d == SQLite {
		return 32766
	}
	return 65535
}

var kindTypes = [...][Count]string{
	schema.Other:   {"text", "BLOB"}, // BLOB: values are kept as they are given
	schema.Bool:    {"boolean", "BOOLEAN"},
	schema.Int16:   {"smallint", "INTEGER"},
	schema.Int32:   {"integer", "INTEGER"},
	schema.Int64:   {"bigint", "INTEGER"},
	schema.Float32: {"real", "REAL"},
	schema.Float64: {"double precision", "REAL"},
	schema.Text:    {"text", "TEXT"},
	schema.Bytes:   {"bytea", "BLOB"},
	schema.Time:    {"timestamptz", "TIMESTAMP"},
	schema.UUID:    {"uuid", "UUID"},
	schema.JSON:    {"jsonb", "JSON TEXT"}, // TEXT in the name: else a document that is a bare number would be kept as a number
}

// Type returns the text of a column type.
func (d Dialect) Type(t schema.Type) string {
	if s := t.Text(d.String()); s != "" {
		return s
	}
	switch {
	case t.Kind == schema.Array && d == SQLite:
		return kindTypes[schema.JSON][d]
	case t.Kind == schema.Array:
		return kindTypes[t.Elem][d] + "[]"
	}
	return kindTypes[t.Kind][d]
}

// Quote returns a name in double quotes.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Names returns names quoted, with commas between.
func Names(names []string) string { return quoteAll(names) }

func quoteAll(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = Quote(n)
	}
	return strings.Join(q, ", ")
}

// Literal returns a constant as SQL text.
func (d Dialect) Literal(l schema.Literal) string {
	switch l.Kind {
	case schema.Bool:
		return strings.ToUpper(l.Text)
	case schema.Int16, schema.Int32, schema.Int64, schema.Float32, schema.Float64:
		return l.Text
	default:
		return "'" + strings.ReplaceAll(l.Text, "'", "''") + "'"
	}
}
