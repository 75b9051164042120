package dialect

import (
	"strconv"
	"strings"
)

// Insert returns the text of an INSERT of that many rows. Its parameters are the values
// row by row, in the order of columns. Without columns the row consists of defaults, and
// rows must be 1. The rows of RETURNING come in the order of VALUES: both backends
// insert and report row by row.
func (d Dialect) Insert(table string, columns []string, rows int, returning []string) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + Quote(table))
	if len(columns) == 0 {
		b.WriteString(" DEFAULT VALUES")
	} else {
		b.WriteString(" (" + quoteAll(columns) + ") VALUES ")
		mark, n := byte('$'), 0
		if d == SQLite {
			mark = '?'
		}
		for r := range rows {
			if r > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('(')
			for c := range columns {
				if c > 0 {
					b.WriteString(", ")
				}
				n++
				b.WriteByte(mark)
				b.WriteString(strconv.Itoa(n))
			}
			b.WriteByte(')')
		}
	}
	if len(returning) > 0 {
		b.WriteString(" RETURNING " + quoteAll(returning))
	}
	return b.String()
}
