package models

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A codec moves values of one Go type between memory and database. p always points to a
// value of that type; there is no reflection and no boxing on the way, except for JSON.
type codec struct {
	typ      reflect.Type
	kind     schema.Kind
	nullable bool
	// deep: a copy of the value shares memory with it, so that a change in place would
	// change the copy. Snapshots keep such values encoded.
	deep bool
	// items is the kind of the elements of an array.
	items schema.Kind
	// own: decode and encode run methods of a user's type. decode is then raw, which runs
	// where the row is read, and take, which can wait: see late.
	own  bool
	raw  func(r driver.Row, i int) (any, error)
	take func(v any, p unsafe.Pointer) error
	// elem is the codec of the value inside a pointer or a sql.Null.
	elem *codec
	// inside is the offset of that value in a sql.Null.
	inside uintptr

	// decode reads column i of r into p, which is zero.
	decode func(r driver.Row, i int, p unsafe.Pointer) error
	encode func(p unsafe.Pointer) (driver.Value, error)
	// same compares two values of a codec that is not deep.
	same func(a, b unsafe.Pointer) bool
	zero func(p unsafe.Pointer) bool
	// move assigns.
	move func(dst, src unsafe.Pointer)
}

var codecs sync.Map // reflect.Type → *codec, without those of the json option

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	rawJSONType  = reflect.TypeFor[json.RawMessage]()
)

// codecFor returns the codec of a type; asJSON is the json option.
func codecFor(t reflect.Type, asJSON bool) (*codec, error) {
	if asJSON {
		if t.Kind() == reflect.Pointer {
			elem, err := codecFor(t.Elem(), true)
			if err != nil {
				return nil, err
			}
			return pointerCodec(t, elem), nil
		}
		return jsonCodec(t)
	}
	if c, ok := codecs.Load(t); ok {
		return c.(*codec), nil
	}
	c, err := makeCodec(t)
	if err != nil {
		return nil, err
	}
	got, _ := codecs.LoadOrStore(t, c)
	return got.(*codec), nil
}

func makeCodec(t reflect.Type) (*codec, error) {
	switch {
	case t == timeType:
		return timeCodec(t), nil
	case t == rawJSONType:
		return rawJSONCodec(t), nil
	case t.Kind() == reflect.Pointer:
		if t.Elem().Kind() == reflect.Pointer {
			return nil, fmt.Errorf("a pointer to a pointer has no column type")
		}
		elem, err := codecFor(t.Elem(), false)
		if err != nil {
			return nil, err
		}
		if elem.nullable {
			return nil, fmt.Errorf("%s is nullable twice: use %s", t, t.Elem())
		}
		return pointerCodec(t, elem), nil
	case t.PkgPath() == "database/sql" && strings.HasPrefix(t.Name(), "Null"):
		return nullCodec(t)
	case t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8:
		return uuidCodec(t), nil
	}
	if c, err := ownCodec(t); c != nil || err != nil {
		return c, err
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolCodec(t), nil
	case reflect.Int:
		return intCodec[int](t, schema.Int64), nil
	case reflect.Int8:
		return intCodec[int8](t, schema.Int16), nil
	case reflect.Int16:
		return intCodec[int16](t, schema.Int16), nil
	case reflect.Int32:
		return intCodec[int32](t, schema.Int32), nil
	case reflect.Int64:
		return intCodec[int64](t, schema.Int64), nil
	case reflect.Uint:
		return uintCodec[uint](t, schema.Int64), nil
	case reflect.Uint8:
		return uintCodec[uint8](t, schema.Int16), nil
	case reflect.Uint16:
		return uintCodec[uint16](t, schema.Int32), nil
	case reflect.Uint32:
		return uintCodec[uint32](t, schema.Int64), nil
	case reflect.Uint64:
		return uintCodec[uint64](t, schema.Int64), nil
	case reflect.Float32:
		return floatCodec[float32](t, schema.Float32, float32bits), nil
	case reflect.Float64:
		return floatCodec[float64](t, schema.Float64, math.Float64bits), nil
	case reflect.String:
		return textCodec(t), nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesCodec(t), nil
		}
		return arrayCodec(t)
	case reflect.Map, reflect.Struct, reflect.Array, reflect.Interface:
		return nil, fmt.Errorf("type %s has no column type: store it with the json option, or leave it out with `db:\"-\"`", t)
	default:
		return nil, fmt.Errorf("type %s has no column type: leave it out with `db:\"-\"`", t)
	}
}

func float32bits(f float32) uint64 { return uint64(math.Float32bits(f)) }

// sameValue compares two encoded values.
func sameValue(a, b driver.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case driver.KindNull:
		return true
	case driver.KindBool:
		return a.Bool() == b.Bool()
	case driver.KindInt64:
		return a.Int64() == b.Int64()
	case driver.KindFloat64:
		return math.Float64bits(a.Float64()) == math.Float64bits(b.Float64())
	case driver.KindTime:
		return sameTime(a.Time(), b.Time())
	case driver.KindUUID:
		return a.UUID() == b.UUID()
	case driver.KindText, driver.KindBytes, driver.KindJSON:
		return string(a.Bytes()) == string(b.Bytes())
	default:
		if fs, ok := a.Array().([]float64); ok {
			gs, ok := b.Array().([]float64)
			return ok && slices.EqualFunc(fs, gs, func(f, g float64) bool { return math.Float64bits(f) == math.Float64bits(g) })
		}
		return reflect.DeepEqual(a.Array(), b.Array())
	}
}

// sameTime compares as databases do: the instant, in microseconds.
func sameTime(a, b time.Time) bool {
	return a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond))
}
