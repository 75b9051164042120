// Package schema describes tables as plain facts: columns, keys, indexes and foreign
// keys, and the order in which tables depend on each other. It knows nothing of Go
// structs (package models makes the facts) and nothing of SQL text (package dialect
// writes it).
//
// The facts of a table do not change once they are published; whoever needs other facts
// makes another [Table].
package schema
