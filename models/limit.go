package models

import "github.com/spillwaydb/spillway/internal/dialect"

// limitOf returns the LIMIT of a query.
func limitOf(q *query) (n int, ok bool) {
	l, ok := q.sel.Limit.(dialect.Number)
	return int(l.N), ok
}
