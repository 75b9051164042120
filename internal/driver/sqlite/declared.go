package sqlite

import "strings"

// declared is what a column's declared type says beyond SQLite's storage classes.
type declared uint8

const (
	asStored declared = iota
	asBool
	asTime
	asUUID
	asJSON
)

// declaredAs looks at the first word of a declared type.
func declaredAs(decl string) declared {
	word := decl
	if i := strings.IndexAny(word, " (\t\n"); i >= 0 {
		word = word[:i]
	}
	switch strings.ToUpper(word) {
	case "BOOLEAN", "BOOL":
		return asBool
	case "TIMESTAMP", "TIMESTAMPTZ", "DATETIME", "DATE":
		return asTime
	case "UUID":
		return asUUID
	case "JSON", "JSONB":
		return asJSON
	default:
		return asStored
	}
}
