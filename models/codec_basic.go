package models

import (
	"fmt"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

func moveOf[T any](dst, src unsafe.Pointer) { *(*T)(dst) = *(*T)(src) }

func sameOf[T comparable](a, b unsafe.Pointer) bool { return *(*T)(a) == *(*T)(b) }

func zeroOf[T comparable](p unsafe.Pointer) bool {
	var z T
	return *(*T)(p) == z
}

// plain fills in what all codecs of comparable types share.
func plain[T comparable](c codec) *codec {
	c.same, c.zero, c.move = sameOf[T], zeroOf[T], moveOf[T]
	return &c
}

func boolCodec(t reflect.Type) *codec {
	return plain[bool](codec{
		typ: t, kind: schema.Bool,
		decode: func(r driver.Row, i int, p unsafe.Pointer) (err error) {
			*(*bool)(p), err = r.Bool(i)
			return err
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) { return driver.Bool(*(*bool)(p)), nil },
	})
}

type signed interface {
	int | int8 | int16 | int32 | int64
}

func intCodec[T signed](t reflect.Type, kind schema.Kind) *codec {
	return plain[T](codec{typ: t, kind: kind, decode: decodeInt[T], encode: encodeInt[T]})
}

func decodeInt[T signed](r driver.Row, i int, p unsafe.Pointer) error {
	v, err := r.Int64(i)
	if err != nil {
		return err
	}
	x := T(v)
	if int64(x) != v {
		return outOfRange(x)
	}
	*(*T)(p) = x
	return nil
}

func encodeInt[T signed](p unsafe.Pointer) (driver.Value, error) {
	return driver.Int64(int64(*(*T)(p))), nil
}

type unsigned interface {
	uint | uint8 | uint16 | uint32 | uint64
}

func uintCodec[T unsigned](t reflect.Type, kind schema.Kind) *codec {
	return plain[T](codec{typ: t, kind: kind, decode: decodeUint[T], encode: encodeUint[T]})
}

func decodeUint[T unsigned](r driver.Row, i int, p unsafe.Pointer) error {
	v, err := r.Int64(i)
	if err != nil {
		return err
	}
	x := T(v)
	if v < 0 || int64(x) != v {
		return outOfRange(x)
	}
	*(*T)(p) = x
	return nil
}

func encodeUint[T unsigned](p unsafe.Pointer) (driver.Value, error) {
	v := uint64(*(*T)(p))
	if v > math.MaxInt64 {
		return driver.Value{}, &driver.Error{Kind: driver.ErrValue, Message: "an unsigned integer above 9223372036854775807 has no column type"}
	}
	return driver.Int64(int64(v)), nil
}

func outOfRange(x any) error {
	return &driver.Error{Kind: driver.ErrDecode, Message: fmt.Sprintf("the number does not fit into %T", x)}
}

func floatCodec[T float32 | float64](t reflect.Type, kind schema.Kind, bits func(T) uint64) *codec {
	return &codec{
		typ: t, kind: kind,
		decode: func(r driver.Row, i int, p unsafe.Pointer) error {
			v, err := r.Float64(i)
			*(*T)(p) = T(v)
			return err
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) { return driver.Float64(float64(*(*T)(p))), nil },
		same:   func(a, b unsafe.Pointer) bool { return bits(*(*T)(a)) == bits(*(*T)(b)) },
		zero:   zeroOf[T],
		move:   moveOf[T],
	}
}

func textCodec(t reflect.Type) *codec {
	return plain[string](codec{
		typ: t, kind: schema.Text,
		decode: func(r driver.Row, i int, p unsafe.Pointer) (err error) {
			*(*string)(p), err = r.Text(i)
			return err
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) { return driver.Text(*(*string)(p)), nil },
	})
}

func bytesCodec(t reflect.Type) *codec {
	return &codec{
		typ: t, kind: schema.Bytes, deep: true,
		decode: func(r driver.Row, i int, p unsafe.Pointer) (err error) {
			*(*[]byte)(p), err = r.Bytes(i)
			return err
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) { return driver.Bytes(*(*[]byte)(p)), nil },
		zero:   func(p unsafe.Pointer) bool { return *(*[]byte)(p) == nil },
		move:   moveOf[[]byte],
	}
}

func timeCodec(t reflect.Type) *codec {
	return &codec{
		typ: t, kind: schema.Time,
		decode: func(r driver.Row, i int, p unsafe.Pointer) (err error) {
			*(*time.Time)(p), err = r.Time(i)
			return err
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) { return driver.Time(*(*time.Time)(p)), nil },
		same:   func(a, b unsafe.Pointer) bool { return sameTime(*(*time.Time)(a), *(*time.Time)(b)) },
		zero:   func(p unsafe.Pointer) bool { return (*time.Time)(p).IsZero() },
		move:   moveOf[time.Time],
	}
}

func uuidCodec(t reflect.Type) *codec {
	return plain[[16]byte](codec{
		typ: t, kind: schema.UUID,
		decode: func(r driver.Row, i int, p unsafe.Pointer) (err error) {
			*(*[16]byte)(p), err = r.UUID(i)
			return err
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) { return driver.UUID(*(*[16]byte)(p)), nil },
	})
}
