package driver

import "time"

// A Row reads the columns of the current row. Getters convert within a family (an int4
// column through Int64) and fail with a *[Error] of kind [ErrDecode] that names the
// column otherwise. On a NULL a getter fails; ask IsNull first. Results are the
// caller's own.
type Row interface {
	// Len is the number of columns.
	Len() int
	IsNull(i int) bool
	Bool(i int) (bool, error)
	Int64(i int) (int64, error)
	Float64(i int) (float64, error)
	// Text reads any column with a text form; numbers, UUIDs and JSON come as their
	// canonical text.
	Text(i int) (string, error)
	// Bytes reads a binary column, or the bytes of a text or JSON column.
	Bytes(i int) ([]byte, error)
	// Time reads a timestamp or date; the result is in UTC with microseconds.
	Time(i int) (time.Time, error)
	// UUID reads a UUID in its binary or text form.
	UUID(i int) ([16]byte, error)
	// Value reads the column as what it is: nil, bool, int64, float64, string, []byte,
	// time.Time, [16]byte for a UUID, json.RawMessage for JSON, []any for an array.
	// SQLite has only nil, int64, float64, string and []byte, except that columns
	// declared as BOOLEAN, as a date or time, as UUID or as JSON are read as such.
	Value(i int) (any, error)
}
