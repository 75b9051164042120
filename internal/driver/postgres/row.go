package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A row reads the values of one DataRow where they lie in the read buffer; what its
// getters return is copied.
type row struct {
	cols   []column
	values [][]byte
}

var _ driver.Row = (*row)(nil)

func (r *row) Len() int { return len(r.values) }

func (r *row) IsNull(i int) bool { return i >= 0 && i < len(r.values) && r.values[i] == nil }

// at returns a column and its value, which is not NULL.
func (r *row) at(i int) (*column, []byte, error) {
	if i < 0 || i >= len(r.values) || i >= len(r.cols) {
		return nil, nil, &driver.Error{Kind: driver.ErrDecode, Message: "there is no column " + strconv.Itoa(i) + ", the row has " + strconv.Itoa(len(r.values))}
	}
	if r.values[i] == nil {
		return nil, nil, &driver.Error{Kind: driver.ErrDecode, Column: r.cols[i].name, Message: "the value is NULL"}
	}
	return &r.cols[i], r.values[i], nil
}

// mismatch says that a column can not be read as want.
func mismatch(c *column, want string) error {
	return &driver.Error{Kind: driver.ErrDecode, Column: c.name, Message: "a value of type " + typeName(c.oid) + " can not be read as " + want}
}

func (r *row) Bool(i int) (bool, error) {
	c, v, err := r.at(i)
	if err != nil {
		return false, err
	}
	if c.oid == pgtype.BoolOID && len(v) == 1 {
		if c.format == binaryFormat {
			return v[0] != 0, nil
		}
		return v[0] == 't', nil
	}
	return false, mismatch(c, "a boolean")
}

func (r *row) Int64(i int) (int64, error) {
	c, v, err := r.at(i)
	if err != nil {
		return 0, err
	}
	if n, ok := c.integer(v); ok {
		return n, nil
	}
	return 0, mismatch(c, "an integer")
}

// integer reads integers, and numerics without a fraction.
func (c *column) integer(v []byte) (int64, bool) {
	switch c.oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		if c.format == binaryFormat {
			switch {
			case c.oid == pgtype.OIDOID && len(v) == 4:
				return int64(binary.BigEndian.Uint32(v)), true
			case len(v) == 8:
				return int64(binary.BigEndian.Uint64(v)), true
			case len(v) == 4:
				return int64(int32(binary.BigEndian.Uint32(v))), true
			case len(v) == 2:
				return int64(int16(binary.BigEndian.Uint16(v))), true
			}
			return 0, false
		}
	case pgtype.NumericOID:
	default:
		return 0, false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil && c.format == textFormat
}

func (r *row) Float64(i int) (float64, error) {
	c, v, err := r.at(i)
	if err != nil {
		return 0, err
	}
	if f, ok := c.float(v); ok {
		return f, nil
	}
	if n, ok := c.integer(v); ok {
		return float64(n), nil
	}
	return 0, mismatch(c, "a float")
}

func (c *column) float(v []byte) (float64, bool) {
	switch c.oid {
	case pgtype.Float4OID, pgtype.Float8OID:
		if c.format == binaryFormat {
			switch len(v) {
			case 8:
				return math.Float64frombits(binary.BigEndian.Uint64(v)), true
			case 4:
				return float64(math.Float32frombits(binary.BigEndian.Uint32(v))), true
			}
			return 0, false
		}
		bits := 64
		if c.oid == pgtype.Float4OID {
			bits = 32 // so that 0.1 reads as in binary
		}
		f, err := strconv.ParseFloat(string(v), bits)
		return f, err == nil
	case pgtype.NumericOID:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil && c.format == textFormat
	}
	return 0, false
}

func (r *row) Text(i int) (string, error) {
	c, v, err := r.at(i)
	if err != nil {
		return "", err
	}
	switch c.oid {
	case pgtype.BoolOID:
		b, err := r.Bool(i)
		return strconv.FormatBool(b), err
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		n, err := r.Int64(i)
		return strconv.FormatInt(n, 10), err
	case pgtype.Float4OID, pgtype.Float8OID:
		f, err := r.Float64(i)
		bits := 64
		if c.oid == pgtype.Float4OID {
			bits = 32
		}
		return strconv.FormatFloat(f, 'g', -1, bits), err
	case pgtype.ByteaOID:
		b, err := r.Bytes(i)
		return `\x` + hex.EncodeToString(b), err
	case pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.DateOID:
		t, err := r.Time(i)
		if err != nil {
			return "", err
		}
		if c.oid == pgtype.DateOID {
			return t.Format(time.DateOnly), nil
		}
		return string(appendTimeText(nil, t)), nil
	case pgtype.UUIDOID:
		id, err := r.UUID(i)
		return string(appendUUID(nil, id)), err
	}
	if c.format == binaryFormat && !sameBothWays(c.oid) {
		return "", mismatch(c, "a text")
	}
	return string(v), nil
}

func (r *row) Bytes(i int) ([]byte, error) {
	c, v, err := r.at(i)
	if err != nil {
		return nil, err
	}
	switch {
	case c.oid == pgtype.ByteaOID && c.format == textFormat:
		b, ok := parseBytea(v)
		if !ok {
			return nil, mismatch(c, "bytes")
		}
		return b, nil
	case c.oid == pgtype.ByteaOID, isText(c.oid), c.isJSON() && c.format == textFormat:
		return append(make([]byte, 0, len(v)), v...), nil
	}
	return nil, mismatch(c, "bytes")
}

func isText(oid uint32) bool {
	return sameBothWays(oid) || oid == pgtype.UnknownOID || oid == charOID
}

func (c *column) isJSON() bool { return c.oid == pgtype.JSONOID || c.oid == pgtype.JSONBOID }

// parseBytea reads both text forms of bytea, hex and escape.
func parseBytea(v []byte) ([]byte, bool) {
	if len(v) >= 2 && v[0] == '\\' && v[1] == 'x' {
		b := make([]byte, hex.DecodedLen(len(v)-2))
		_, err := hex.Decode(b, v[2:])
		return b, err == nil
	}
	b := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] != '\\':
			b = append(b, v[i])
		case i+1 < len(v) && v[i+1] == '\\':
			b = append(b, '\\')
			i++
		case i+3 < len(v):
			n, err := strconv.ParseUint(string(v[i+1:i+4]), 8, 8)
			if err != nil {
				return nil, false
			}
			b = append(b, byte(n))
			i += 3
		default:
			return nil, false
		}
	}
	return b, true
}

func (r *row) Time(i int) (time.Time, error) {
	c, v, err := r.at(i)
	if err != nil {
		return time.Time{}, err
	}
	switch c.oid {
	case pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.DateOID:
	default:
		return time.Time{}, mismatch(c, "a time")
	}
	if c.format == textFormat {
		if t, ok := parseTime(string(v)); ok {
			return t, nil
		}
		return time.Time{}, c.notATime(v)
	}
	switch {
	case c.oid == pgtype.DateOID && len(v) == 4:
		days := int32(binary.BigEndian.Uint32(v))
		if days == math.MaxInt32 || days == math.MinInt32 {
			return time.Time{}, c.notATime(v)
		}
		return time.Unix(epoch.Unix()+int64(days)*86400, 0).UTC(), nil
	case c.oid != pgtype.DateOID && len(v) == 8:
		us := int64(binary.BigEndian.Uint64(v))
		if us == math.MaxInt64 || us == math.MinInt64 {
			return time.Time{}, c.notATime(v)
		}
		s := us / 1_000_000
		us -= s * 1_000_000
		return time.Unix(epoch.Unix()+s, us*1000).UTC(), nil
	}
	return time.Time{}, mismatch(c, "a time")
}

func (c *column) notATime(v []byte) error {
	if c.format == binaryFormat || string(v) == "infinity" || string(v) == "-infinity" {
		return &driver.Error{Kind: driver.ErrDecode, Column: c.name, Message: "the time is infinite"}
	}
	return mismatch(c, "a time")
}

func (r *row) UUID(i int) (id [16]byte, err error) {
	c, v, err := r.at(i)
	if err != nil {
		return id, err
	}
	switch {
	case (c.oid == pgtype.UUIDOID || c.oid == pgtype.ByteaOID) && c.format == binaryFormat:
		if len(v) == 16 {
			return [16]byte(v), nil
		}
	case c.oid == pgtype.ByteaOID:
		if b, ok := parseBytea(v); ok && len(b) == 16 {
			return [16]byte(b), nil
		}
	case c.oid == pgtype.UUIDOID, isText(c.oid):
		if id, ok := parseUUID(v); ok {
			return id, nil
		}
	}
	return id, mismatch(c, "a UUID")
}

// parseUUID reads the canonical form.
func parseUUID(v []byte) (id [16]byte, ok bool) {
	if len(v) != 36 || v[8] != '-' || v[13] != '-' || v[18] != '-' || v[23] != '-' {
		return id, false
	}
	var digits [32]byte
	n := 0
	for i, b := range v {
		if i != 8 && i != 13 && i != 18 && i != 23 {
			digits[n] = b
			n++
		}
	}
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
}

func (r *row) Value(i int) (any, error) {
	if r.IsNull(i) {
		return nil, nil
	}
	c, v, err := r.at(i)
	if err != nil {
		return nil, err
	}
	switch c.oid {
	case pgtype.BoolOID:
		return anyOf(r.Bool(i))
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		return anyOf(r.Int64(i))
	case pgtype.Float4OID, pgtype.Float8OID:
		return anyOf(r.Float64(i))
	case pgtype.ByteaOID:
		return anyOf(r.Bytes(i))
	case pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.DateOID:
		return anyOf(r.Time(i))
	case pgtype.UUIDOID:
		return anyOf(r.UUID(i))
	case pgtype.JSONOID, pgtype.JSONBOID:
		b, err := r.Bytes(i)
		return json.RawMessage(b), err
	}
	if elem := elementType(c.oid); elem != 0 && c.format == textFormat {
		if a, ok := parseArray(string(v), c.name, elem); ok {
			return a, nil
		}
		return nil, mismatch(c, "an array")
	}
	return anyOf(r.Text(i))
}

// anyOf keeps a failed getter from returning a zero value as an answer.
func anyOf[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
