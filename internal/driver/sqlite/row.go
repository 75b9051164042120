package sqlite

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// exactFloat is the largest number up to which every integer is a float64.
const exactFloat = 1 << 53

// row implements [driver.Row] over the current row of a statement.
type row struct {
	p *prepared
}

// Len implements [driver.Row].
func (r *row) Len() int { return len(r.p.columns) }

// IsNull implements [driver.Row].
func (r *row) IsNull(i int) bool { return r.p.stmt.ColumnType(i) == sqlite3.NULL }

// Bool implements [driver.Row]: only 0 and 1 are booleans.
func (r *row) Bool(i int) (bool, error) {
	if t := r.p.stmt.ColumnType(i); t != sqlite3.INTEGER {
		return false, r.mismatch(i, t, "a boolean")
	}
	switch r.p.stmt.ColumnInt64(i) {
	case 0:
		return false, nil
	case 1:
		return true, nil
	}
	return false, r.unreadable(i, "an integer other than 0 and 1", "a boolean")
}

// Int64 implements [driver.Row].
func (r *row) Int64(i int) (int64, error) {
	if t := r.p.stmt.ColumnType(i); t != sqlite3.INTEGER {
		return 0, r.mismatch(i, t, "an integer")
	}
	return r.p.stmt.ColumnInt64(i), nil
}

// Float64 implements [driver.Row]. It takes an integer as well, as far as a float is
// exact: SQLite stores 2.0 in a column of numeric affinity as 2.
func (r *row) Float64(i int) (float64, error) {
	switch t := r.p.stmt.ColumnType(i); t {
	case sqlite3.FLOAT:
		return r.p.stmt.ColumnFloat(i), nil
	case sqlite3.INTEGER:
		n := r.p.stmt.ColumnInt64(i)
		if n < -exactFloat || n > exactFloat {
			return 0, r.unreadable(i, "an integer beyond 2^53", "a float")
		}
		return float64(n), nil
	default:
		return 0, r.mismatch(i, t, "a float")
	}
}

// Text implements [driver.Row].
func (r *row) Text(i int) (string, error) {
	switch t := r.p.stmt.ColumnType(i); t {
	case sqlite3.TEXT:
		return string(r.p.stmt.ColumnRawText(i)), nil
	case sqlite3.INTEGER:
		return strconv.FormatInt(r.p.stmt.ColumnInt64(i), 10), nil
	case sqlite3.FLOAT:
		return strconv.FormatFloat(r.p.stmt.ColumnFloat(i), 'g', -1, 64), nil
	case sqlite3.BLOB:
		if r.p.declared[i] == asUUID {
			u, err := r.UUID(i)
			return string(appendUUID(nil, u)), err
		}
		return "", r.mismatch(i, t, "text")
	default:
		return "", r.mismatch(i, t, "text")
	}
}

// Bytes implements [driver.Row].
func (r *row) Bytes(i int) ([]byte, error) {
	switch t := r.p.stmt.ColumnType(i); t {
	case sqlite3.BLOB:
		return append([]byte{}, r.p.stmt.ColumnRawBlob(i)...), nil
	case sqlite3.TEXT:
		return append([]byte{}, r.p.stmt.ColumnRawText(i)...), nil
	case sqlite3.INTEGER, sqlite3.FLOAT:
		if r.p.declared[i] == asJSON {
			s, err := r.Text(i)
			return []byte(s), err
		}
		return nil, r.mismatch(i, t, "bytes")
	default:
		return nil, r.mismatch(i, t, "bytes")
	}
}

// Time implements [driver.Row].
func (r *row) Time(i int) (time.Time, error) {
	if t := r.p.stmt.ColumnType(i); t != sqlite3.TEXT {
		return time.Time{}, r.mismatch(i, t, "a time")
	}
	t, err := parseTime(r.p.stmt.ColumnRawText(i))
	if err != nil {
		return t, r.unreadable(i, "text", "a time")
	}
	return t, nil
}

// UUID implements [driver.Row].
func (r *row) UUID(i int) (u [16]byte, err error) {
	switch t := r.p.stmt.ColumnType(i); t {
	case sqlite3.TEXT:
		u, ok := parseUUID(r.p.stmt.ColumnRawText(i))
		if !ok {
			return u, r.unreadable(i, "text", "a UUID")
		}
		return u, nil
	case sqlite3.BLOB:
		b := r.p.stmt.ColumnRawBlob(i)
		if len(b) != len(u) {
			return u, r.unreadable(i, fmt.Sprintf("%d bytes", len(b)), "a UUID")
		}
		copy(u[:], b)
		return u, nil
	default:
		return u, r.mismatch(i, t, "a UUID")
	}
}

// Value implements [driver.Row]. The declared type counts where what is stored has the
// form of it; other values come as they are stored.
func (r *row) Value(i int) (any, error) {
	switch t, as := r.p.stmt.ColumnType(i), r.p.declared[i]; t {
	case sqlite3.NULL:
		return nil, nil
	case sqlite3.INTEGER:
		switch as {
		case asBool:
			return r.Bool(i)
		case asJSON:
			b, err := r.Bytes(i)
			return json.RawMessage(b), err
		}
		return r.p.stmt.ColumnInt64(i), nil
	case sqlite3.FLOAT:
		if as == asJSON {
			b, err := r.Bytes(i)
			return json.RawMessage(b), err
		}
		return r.p.stmt.ColumnFloat(i), nil
	case sqlite3.TEXT:
		switch as {
		case asTime:
			return r.Time(i)
		case asUUID:
			return r.UUID(i)
		case asJSON:
			b, err := r.Bytes(i)
			return json.RawMessage(b), err
		}
		return r.Text(i)
	default:
		if as == asUUID {
			return r.UUID(i)
		}
		return r.Bytes(i)
	}
}

// mismatch is the error of a value of another storage class.
func (r *row) mismatch(i int, t sqlite3.Datatype, want string) error {
	return r.unreadable(i, t.String(), want)
}

// unreadable is the error of a value that can not be read as want.
func (r *row) unreadable(i int, got, want string) error {
	if i < 0 || i >= len(r.p.columns) {
		return &driver.Error{Kind: driver.ErrDecode, Message: fmt.Sprintf("there is no column %d, only %d of them", i, len(r.p.columns))}
	}
	return &driver.Error{
		Kind: driver.ErrDecode, Column: r.p.columns[i].Name,
		Message: fmt.Sprintf("%s can not be read as %s", got, want),
	}
}
