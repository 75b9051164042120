package sqlite

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

var errNaN = errors.New("NaN has no form in SQLite")

// appendArray appends a JSON array for json_each. Its elements have the form in which
// columns hold them; bytes, which JSON can not hold, are hexadecimal.
func appendArray(b []byte, array any) ([]byte, error) {
	switch v := array.(type) {
	case []int64:
		return elements(b, v, func(b []byte, n int64) ([]byte, error) { return strconv.AppendInt(b, n, 10), nil })
	case []float64:
		return elements(b, v, appendFloat)
	case []bool:
		return elements(b, v, func(b []byte, t bool) ([]byte, error) { return strconv.AppendBool(b, t), nil })
	case []string:
		return elements(b, v, func(b []byte, s string) ([]byte, error) { return appendString(b, s), nil })
	case [][]byte:
		return elements(b, v, func(b []byte, x []byte) ([]byte, error) {
			return append(hex.AppendEncode(append(b, '"'), x), '"'), nil
		})
	case []time.Time:
		return elements(b, v, func(b []byte, t time.Time) ([]byte, error) {
			b, err := appendTime(append(b, '"'), t)
			return append(b, '"'), err
		})
	case [][16]byte:
		return elements(b, v, func(b []byte, u [16]byte) ([]byte, error) {
			return append(appendUUID(append(b, '"'), u), '"'), nil
		})
	default:
		return b, fmt.Errorf("an array of type %T", array)
	}
}

// elements appends v as a JSON array.
func elements[T any](b []byte, v []T, one func([]byte, T) ([]byte, error)) ([]byte, error) {
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = one(b, x); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// appendFloat appends a number that SQLite reads as REAL. JSON has no infinity, but a
// number too large for a float is one.
func appendFloat(b []byte, f float64) ([]byte, error) {
	switch {
	case math.IsNaN(f):
		return b, errNaN
	case math.IsInf(f, 1):
		return append(b, "9e999"...), nil
	case math.IsInf(f, -1):
		return append(b, "-9e999"...), nil
	default:
		return strconv.AppendFloat(b, f, 'e', -1, 64), nil
	}
}

// appendString appends a JSON string. Bytes above ASCII stay as they are, so that also
// what is not valid UTF-8 equals the same text in a column.
func appendString(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch ch := s[i]; {
		case ch == '"' || ch == '\\':
			b = append(b, '\\', ch)
		case ch < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		default:
			b = append(b, ch)
		}
	}
	return append(b, '"')
}
