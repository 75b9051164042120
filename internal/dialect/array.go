package dialect

import (
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// arrayOf packs values of one kind into one array parameter. It reports false for what
// an array can not carry: on SQLite, where an array travels as JSON, that is floating
// point numbers (JSON text may round them) and bytes.
func arrayOf(values []driver.Value, d Dialect) (driver.Value, bool) {
	kind := values[0].Kind()
	if d == SQLite && (kind == driver.KindFloat64 || kind == driver.KindBytes) {
		return driver.Value{}, false
	}
	for _, v := range values {
		if v.Kind() != kind {
			return driver.Value{}, false
		}
	}
	switch kind {
	case driver.KindInt64:
		return pack(values, driver.Value.Int64), true
	case driver.KindFloat64:
		return pack(values, driver.Value.Float64), true
	case driver.KindText:
		return pack(values, driver.Value.Text), true
	case driver.KindBool:
		return pack(values, driver.Value.Bool), true
	case driver.KindBytes:
		return pack(values, driver.Value.Bytes), true
	case driver.KindTime:
		return pack[time.Time](values, driver.Value.Time), true
	case driver.KindUUID:
		return pack(values, driver.Value.UUID), true
	default:
		return driver.Value{}, false
	}
}

func pack[T any](values []driver.Value, get func(driver.Value) T) driver.Value {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = get(v)
	}
	return driver.Array(out)
}

// An ArrayMatch compares the array X with another, Values. On SQLite X is JSON.
type ArrayMatch struct {
	X      Node
	Values driver.Value
	// All: X has each of Values. Otherwise: one of them.
	All bool
}

func (n ArrayMatch) write(w *Writer) {
	if w.d == Postgres {
		n.X.write(w)
		if n.All {
			w.str(" @> ")
		} else {
			w.str(" && ")
		}
		w.param(n.Values)
		return
	}
	// json_each of NULL has no rows, and neither has an array that is not there.
	if !n.All {
		w.str("EXISTS (SELECT 1 FROM json_each(")
		n.X.write(w)
		w.str(") WHERE value IN (SELECT value FROM json_each(")
		w.param(n.Values)
		w.str(")))")
		return
	}
	w.str("(")
	n.X.write(w)
	w.str(" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(")
	w.param(n.Values)
	w.str(") WHERE value NOT IN (SELECT value FROM json_each(")
	n.X.write(w)
	w.str("))))")
}

// An ArrayLength is the number of elements of the array X.
type ArrayLength struct{ X Node }

func (n ArrayLength) write(w *Writer) {
	if w.d == Postgres {
		w.str("CAST(cardinality(")
		n.X.write(w)
		w.str(") AS bigint)")
		return
	}
	w.str("json_array_length(")
	n.X.write(w)
	w.str(")")
}
