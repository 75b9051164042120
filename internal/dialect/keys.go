package dialect

import "github.com/spillwaydb/spillway/internal/driver"

// Keys is a list of texts that is joined as a table, so that the database tells which of
// them a row has: two texts that a column takes for equal may be written differently, as
// in a collation without case. It compares as Column does, whatever its type is there.
type Keys struct {
	Column Column
	Values []driver.Value
}

// KeyPlace is the place of a joined key in its list, counted from 0.
type KeyPlace struct{}

// keySource is what joined keys are called in a statement.
var keySource = &Source{As: "spillway_keys"}

// JoinKeys ties keys to the rows that have them.
func JoinKeys(c Column, values []driver.Value) Join {
	return Join{Source: keySource, Keys: &Keys{c, values}, On: Compare{L: c, Op: "=", R: Column{keySource, "value"}}}
}

func (k *Keys) write(w *Writer) {
	array, ok := arrayOf(k.Values, w.d)
	if !ok {
		w.fail("values of different kinds do not make a list of keys")
		return
	}
	if w.d == SQLite {
		w.str("json_each(")
		w.param(array)
		w.str(") AS ")
		w.name(keySource.As)
		return
	}
	// The argument gets the type of the column, and its collation, from an aggregate of it
	// that is never asked for.
	w.str("unnest((SELECT CASE WHEN false THEN array_agg(")
	w.name(k.Column.Name)
	w.str(") ELSE ")
	w.param(array)
	w.str(" END FROM ")
	w.name(k.Column.Source.Table.Name)
	w.str(" WHERE false)) WITH ORDINALITY AS ")
	w.name(keySource.As)
	w.str(`("value", "key")`)
}

func (KeyPlace) write(w *Writer) {
	w.column(keySource, "key")
	if w.d == Postgres {
		w.str(" - 1")
	}
}
