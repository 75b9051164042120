package autogen

import (
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A class is a family of column types, as far as a value for existing rows goes.
type class uint8

const (
	unknown class = iota
	numbers
	booleans
	texts
	documents
	times
	uuids
	binaries
	arrays
)

var numberTypes = []string{
	"integer", "int2", "int4", "int8", "numeric", "decimal", "real", "double precision", "double", "float",
	"float4", "float8", "serial", "bigserial", "smallserial", "money",
}

// classOf tells the family of a type by its text.
func classOf(t typed) class {
	s := strings.ToLower(t.text)
	base, _, _ := strings.Cut(s, "(")
	base = strings.TrimSpace(base)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
	}
	switch {
	case has("[]"):
		return arrays
	case has("json"):
		return documents
	case has("uuid"):
		return uuids
	case has("bool"):
		return booleans
	case has("timestamp", "date", "time"):
		return times
	case has("char", "text", "clob"):
		return texts
	case strings.HasSuffix(base, "int") && base != "point", slices.Contains(numberTypes, base):
		return numbers
	case has("blob", "bytea"):
		return binaries
	}
	return unknown
}

// zero is the value that rows get in a column that can not be NULL and has no default:
// what Go reads as the zero value. Where sure is false it is only good enough for the
// way back, in which the column's values are lost already.
func (c *column) zero(d dialect.Dialect) (text string, sure bool) {
	switch classOf(c.typ) {
	case numbers:
		return "0", true
	case booleans:
		return "FALSE", true
	case texts:
		return "''", true
	case documents:
		return "'null'", true
	case arrays:
		return "'{}'", true
	case times:
		if d == dialect.SQLite {
			return "'1970-01-01 00:00:00.000000Z'", false
		}
		return "'1970-01-01 00:00:00Z'", false
	case uuids:
		return "'00000000-0000-0000-0000-000000000000'", false
	case binaries:
		if d == dialect.SQLite {
			return "x''", false
		}
		return `''`, false
	}
	return "''", false
}

// fills are the values for existing rows, as SQL text by "table.column".
type fills map[string]string

// fill is the SQL text for rows that have no value in column c of t; ok is false if
// nobody knows one. strict refuses values that a person should choose.
func (f fills) fill(d dialect.Dialect, t *table, c *column, strict bool) (text string, ok bool) {
	if text, ok = f[t.name+"."+c.name]; ok {
		return text, true
	}
	if c.def.text != "" {
		return c.def.text, true
	}
	text, sure := c.zero(d)
	if !strict {
		return text, true
	}
	for _, p := range t.parts {
		if slices.Contains(p.columns, c.name) && (p.kind == foreign || p.kind == unique || p.unique) {
			return "", false
		}
	}
	if slices.Contains(t.key, c.name) {
		return "", false
	}
	return text, sure
}
