package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/spillwaydb/spillway/internal/driver"
)

// epoch is the zero of the server's timestamps.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// The server keeps timestamps from 4713 BC to 294276 AD (manual, "Date/Time Types").
var (
	firstTime = time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(294276, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
)

// bind writes a Bind message. types are the parameter types, nil if they are not known.
// On an error the message is taken back.
func (w *wire) bind(name string, args []driver.Value, types []uint32, cols *columns) error {
	if len(args) > math.MaxUint16 {
		return &driver.Error{Kind: driver.ErrValue, Message: fmt.Sprintf("%d parameters, the protocol takes %d", len(args), math.MaxUint16)}
	}
	whole := len(w.buf)
	w.begin('B')
	start := w.start
	w.text("") // the unnamed portal
	w.text(name)
	w.int16(len(args))
	formats := len(w.buf)
	for range args {
		w.int16(textFormat)
	}
	w.int16(len(args))
	for i := range args {
		oid := uint32(0)
		if i < len(types) {
			oid = types[i]
		}
		length := len(w.buf)
		w.int32(-1)
		if args[i].Kind() == driver.KindNull {
			continue
		}
		buf, format, err := appendValue(w.buf, &args[i], oid)
		if err != nil {
			w.buf = w.buf[:whole]
			return &driver.Error{Kind: driver.ErrValue, Message: fmt.Sprintf("parameter $%d: %s", i+1, err)}
		}
		w.buf = buf
		binary.BigEndian.PutUint32(w.buf[length:], uint32(len(w.buf)-length-4))
		binary.BigEndian.PutUint16(w.buf[formats+2*i:], uint16(format))
	}
	switch {
	case cols == nil || cols.formats == allText:
		w.int16(0)
	case cols.formats == allBinary:
		w.int16(1)
		w.int16(binaryFormat)
	default:
		w.int16(len(cols.list))
		for i := range cols.list {
			w.int16(int(cols.list[i].format))
		}
	}
	w.start = start
	w.end()
	return nil
}

// appendValue appends a value that is not NULL for a parameter of the type; 0 stands for
// a type that is not known. What has no binary form of the same meaning is written as
// text, whatever the type, so that the answer never depends on what is known.
func appendValue(buf []byte, v *driver.Value, oid uint32) ([]byte, int, error) {
	switch v.Kind() {
	case driver.KindBool:
		if oid == pgtype.BoolOID {
			return append(buf, byte(boolInt(v.Bool()))), binaryFormat, nil
		}
		return strconv.AppendBool(buf, v.Bool()), textFormat, nil
	case driver.KindInt64:
		return appendInt(buf, v.Int64(), oid)
	case driver.KindFloat64:
		return appendFloat(buf, v.Float64(), oid)
	case driver.KindText:
		return append(buf, v.Text()...), textFormat, nil
	case driver.KindJSON:
		return append(buf, v.Bytes()...), textFormat, nil
	case driver.KindBytes:
		if oid == pgtype.ByteaOID {
			return append(buf, v.Bytes()...), binaryFormat, nil
		}
		return hex.AppendEncode(append(buf, `\x`...), v.Bytes()), textFormat, nil
	case driver.KindTime:
		return appendTime(buf, v.Time(), oid)
	case driver.KindUUID:
		id := v.UUID()
		if oid == pgtype.UUIDOID {
			return append(buf, id[:]...), binaryFormat, nil
		}
		return appendUUID(buf, id), textFormat, nil
	default:
		return appendArray(buf, v.Array(), oid)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func appendInt(buf []byte, v int64, oid uint32) ([]byte, int, error) {
	switch oid {
	case pgtype.Int8OID:
		return binary.BigEndian.AppendUint64(buf, uint64(v)), binaryFormat, nil
	case pgtype.Int4OID:
		if v < math.MinInt32 || v > math.MaxInt32 {
			return nil, 0, fmt.Errorf("the integer is out of the range of int4")
		}
		return binary.BigEndian.AppendUint32(buf, uint32(v)), binaryFormat, nil
	case pgtype.Int2OID:
		if v < math.MinInt16 || v > math.MaxInt16 {
			return nil, 0, fmt.Errorf("the integer is out of the range of int2")
		}
		return binary.BigEndian.AppendUint16(buf, uint16(v)), binaryFormat, nil
	}
	return strconv.AppendInt(buf, v, 10), textFormat, nil
}

func appendFloat(buf []byte, v float64, oid uint32) ([]byte, int, error) {
	if oid == pgtype.Float8OID {
		return binary.BigEndian.AppendUint64(buf, math.Float64bits(v)), binaryFormat, nil
	}
	switch {
	case math.IsInf(v, 1):
		return append(buf, "Infinity"...), textFormat, nil
	case math.IsInf(v, -1):
		return append(buf, "-Infinity"...), textFormat, nil
	}
	return strconv.AppendFloat(buf, v, 'g', -1, 64), textFormat, nil
}

func appendTime(buf []byte, t time.Time, oid uint32) ([]byte, int, error) {
	t = t.UTC()
	if t.Before(firstTime) || t.After(lastTime) {
		return nil, 0, fmt.Errorf("the time is out of the range of timestamptz")
	}
	switch oid {
	case pgtype.TimestamptzOID, pgtype.TimestampOID:
		us := (t.Unix()-epoch.Unix())*1_000_000 + int64(t.Nanosecond()/1000)
		return binary.BigEndian.AppendUint64(buf, uint64(us)), binaryFormat, nil
	case pgtype.DateOID:
		seconds := t.Unix() - epoch.Unix()
		days := seconds / 86400
		if seconds%86400 < 0 {
			days--
		}
		return binary.BigEndian.AppendUint32(buf, uint32(int32(days))), binaryFormat, nil
	}
	return appendTimeText(buf, t), textFormat, nil
}

// appendTimeText appends a time in the server's own ISO form.
func appendTimeText(buf []byte, t time.Time) []byte {
	year, era := t.Year(), ""
	if year <= 0 { // 0 is 1 BC
		year, era = 1-year, " BC"
	}
	return fmt.Appendf(buf, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00%s",
		year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()/1000, era)
}

func appendUUID(buf []byte, id [16]byte) []byte {
	buf = hex.AppendEncode(buf, id[:4])
	for _, p := range [...][2]int{{4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		buf = hex.AppendEncode(append(buf, '-'), id[p[0]:p[1]])
	}
	return buf
}

// appendArray appends an array of one dimension: in binary if all its elements are, as
// a literal otherwise.
func appendArray(buf []byte, v any, oid uint32) ([]byte, int, error) {
	elem := elementType(oid)
	switch a := v.(type) {
	case []int64:
		return appendElements(buf, a, elem, driver.Int64)
	case []float64:
		return appendElements(buf, a, elem, driver.Float64)
	case []string:
		return appendElements(buf, a, elem, driver.Text)
	case []bool:
		return appendElements(buf, a, elem, driver.Bool)
	case [][]byte:
		return appendElements(buf, a, elem, driver.Bytes)
	case []time.Time:
		return appendElements(buf, a, elem, driver.Time)
	default:
		return appendElements(buf, v.([][16]byte), elem, driver.UUID)
	}
}

func appendElements[T any](buf []byte, a []T, elem uint32, value func(T) driver.Value) ([]byte, int, error) {
	start := len(buf)
	if elem != 0 {
		buf = binary.BigEndian.AppendUint32(buf, uint32(boolInt(len(a) > 0))) // dimensions
		buf = binary.BigEndian.AppendUint32(buf, 0)                           // no NULLs
		buf = binary.BigEndian.AppendUint32(buf, elem)
		if len(a) > 0 {
			buf = binary.BigEndian.AppendUint32(buf, uint32(len(a)))
			buf = binary.BigEndian.AppendUint32(buf, 1) // the first index
		}
		binaryOnly := true
		for i := range a {
			v := value(a[i])
			length := len(buf)
			buf = binary.BigEndian.AppendUint32(buf, 0)
			b, format, err := appendValue(buf, &v, elem)
			if err != nil {
				return nil, 0, fmt.Errorf("element %d: %w", i+1, err)
			}
			if format != binaryFormat && !sameBothWays(elem) {
				binaryOnly = false
				break
			}
			buf = b
			binary.BigEndian.PutUint32(buf[length:], uint32(len(buf)-length-4))
		}
		if binaryOnly {
			return buf, binaryFormat, nil
		}
		buf = buf[:start]
	}
	buf = append(buf, '{')
	for i := range a {
		if i > 0 {
			buf = append(buf, ',')
		}
		v := value(a[i])
		text, _, err := appendValue(nil, &v, 0)
		if err != nil {
			return nil, 0, fmt.Errorf("element %d: %w", i+1, err)
		}
		buf = append(buf, '"')
		buf = append(buf, quoteElement.Replace(string(text))...)
		buf = append(buf, '"')
	}
	return append(buf, '}'), textFormat, nil
}

var quoteElement = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// sameBothWays tells whether a type's binary form is its text.
func sameBothWays(oid uint32) bool {
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID:
		return true
	}
	return false
}
