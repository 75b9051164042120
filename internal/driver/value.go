package driver

import (
	"fmt"
	"time"
	"unsafe"
)

// A ValueKind tells what a [Value] holds.
type ValueKind uint8

const (
	KindNull ValueKind = iota
	KindBool
	KindInt64
	KindFloat64
	KindText
	KindBytes
	KindTime
	KindUUID
	KindJSON
	KindArray
)

var kindNames = [...]string{"null", "bool", "integer", "float", "text", "bytes", "time", "uuid", "json", "array"}

// String returns the kind as one lower-case word.
func (k ValueKind) String() string { return kindNames[k] }

type (
	textPtr  *byte
	bytesPtr *byte
	jsonPtr  *byte
)

// A Value is one argument of a statement. It holds the common kinds without an
// allocation (the layout of log/slog.Value). The zero Value is NULL. A Value made from
// a []byte refers to it: it must not change until the statement was answered.
type Value struct {
	_   [0]func() // not comparable with ==
	num uint64
	any any
}

// Null is SQL NULL.
func Null() Value { return Value{} }

// Bool makes a boolean.
func Bool(v bool) Value {
	if v {
		return Value{num: 1, any: KindBool}
	}
	return Value{any: KindBool}
}

// Int64 makes an integer.
func Int64(v int64) Value { return Value{num: uint64(v), any: KindInt64} }

// Float64 makes a floating-point number.
func Float64(v float64) Value {
	return Value{num: *(*uint64)(unsafe.Pointer(&v)), any: KindFloat64}
}

// Text makes a text.
func Text(v string) Value { return Value{num: uint64(len(v)), any: textPtr(unsafe.StringData(v))} }

// Bytes makes a binary value; nil is an empty one, not NULL.
func Bytes(v []byte) Value { return Value{num: uint64(len(v)), any: bytesPtr(unsafe.SliceData(v))} }

// JSON makes a JSON document from its text.
func JSON(v []byte) Value { return Value{num: uint64(len(v)), any: jsonPtr(unsafe.SliceData(v))} }

// Time makes a point in time. Both backends keep microseconds; finer parts are cut
// off towards the past.
func Time(v time.Time) Value { return Value{any: v} }

// UUID makes a UUID.
func UUID(v [16]byte) Value { return Value{any: v} }

// Array makes an array parameter: a []int64, []float64, []string, []bool, [][]byte,
// []time.Time or [][16]byte. Backends without arrays take it as JSON text.
func Array(v any) Value {
	switch v.(type) {
	case []int64, []float64, []string, []bool, [][]byte, []time.Time, [][16]byte:
		return Value{any: array{v}}
	}
	panic(fmt.Sprintf("driver.Array: %T is not one of the element types it takes", v))
}

type array struct{ v any }

// Kind tells what v holds.
func (v Value) Kind() ValueKind {
	switch x := v.any.(type) {
	case nil:
		return KindNull
	case ValueKind:
		return x
	case textPtr:
		return KindText
	case bytesPtr:
		return KindBytes
	case jsonPtr:
		return KindJSON
	case time.Time:
		return KindTime
	case [16]byte:
		return KindUUID
	default:
		return KindArray
	}
}

// Bool returns the boolean; v must be of KindBool.
func (v Value) Bool() bool { return v.num != 0 }

// Int64 returns the integer; v must be of KindInt64.
func (v Value) Int64() int64 { return int64(v.num) }

// Float64 returns the number; v must be of KindFloat64.
func (v Value) Float64() float64 { return *(*float64)(unsafe.Pointer(&v.num)) }

// Text returns the text; v must be of KindText.
func (v Value) Text() string { return unsafe.String((*byte)(v.any.(textPtr)), v.num) }

// Bytes returns the bytes of KindBytes, KindJSON or KindText. They must not be
// changed.
func (v Value) Bytes() []byte {
	switch p := v.any.(type) {
	case bytesPtr:
		return unsafe.Slice((*byte)(p), v.num)
	case jsonPtr:
		return unsafe.Slice((*byte)(p), v.num)
	default:
		return unsafe.Slice((*byte)(v.any.(textPtr)), v.num)
	}
}

// Time returns the time; v must be of KindTime.
func (v Value) Time() time.Time { return v.any.(time.Time) }

// UUID returns the UUID; v must be of KindUUID.
func (v Value) UUID() [16]byte { return v.any.([16]byte) }

// Array returns the slice that Array took; v must be of KindArray.
func (v Value) Array() any { return v.any.(array).v }

// Any returns what v holds as a plain Go value, for messages and tests.
func (v Value) Any() any {
	switch v.Kind() {
	case KindNull:
		return nil
	case KindBool:
		return v.Bool()
	case KindInt64:
		return v.Int64()
	case KindFloat64:
		return v.Float64()
	case KindText:
		return v.Text()
	case KindBytes, KindJSON:
		return v.Bytes()
	case KindTime:
		return v.Time()
	case KindUUID:
		return v.UUID()
	default:
		return v.Array()
	}
}

// String names the kind only, so that no log line ever holds a value.
func (v Value) String() string { return "<" + v.Kind().String() + ">" }

// GoString is String: %#v must not show the value either.
func (v Value) GoString() string { return v.String() }
