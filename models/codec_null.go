package models

import (
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// pointerCodec makes the codec of a pointer type: nil is NULL.
func pointerCodec(t reflect.Type, elem *codec) *codec {
	c := &codec{
		typ: t, kind: elem.kind, items: elem.items, nullable: true, deep: true, elem: elem,
		encode: func(p unsafe.Pointer) (driver.Value, error) {
			q := *(*unsafe.Pointer)(p)
			if q == nil {
				return driver.Null(), nil
			}
			return elem.encode(q)
		},
		zero: func(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil },
		move: func(dst, src unsafe.Pointer) { *(*unsafe.Pointer)(dst) = *(*unsafe.Pointer)(src) },
	}
	alloc := func() unsafe.Pointer { return reflect.New(elem.typ).UnsafePointer() }
	if elem.kind != schema.JSON && !elem.own {
		if f := allocators[elem.typ.Kind()]; f != nil {
			alloc = f
		}
		if elem.kind == schema.Time {
			alloc = allocOf[time.Time]
		}
	}
	c.decode = func(r driver.Row, i int, p unsafe.Pointer) error {
		if r.IsNull(i) {
			return nil
		}
		q := alloc()
		if err := elem.decode(r, i, q); err != nil {
			return err
		}
		*(*unsafe.Pointer)(p) = q
		return nil
	}
	if elem.own {
		c.own, c.raw = true, elem.rawOrNull
		c.take = func(v any, p unsafe.Pointer) error {
			if _, null := v.(isNull); null {
				return nil
			}
			q := alloc()
			*(*unsafe.Pointer)(p) = q
			return elem.take(v, q)
		}
		c.decode = putOff(c.raw, c.take, "")
	}
	return c
}

// isNull stands for a NULL among raw values.
type isNull struct{}

func (c *codec) rawOrNull(r driver.Row, i int) (any, error) {
	if r.IsNull(i) {
		return isNull{}, nil
	}
	return c.raw(r, i)
}

func allocOf[T any]() unsafe.Pointer { return unsafe.Pointer(new(T)) }

// allocators make a value of a kind without reflection; a named type has the layout of
// its kind.
var allocators = map[reflect.Kind]func() unsafe.Pointer{
	reflect.Bool: allocOf[bool], reflect.String: allocOf[string], reflect.Slice: allocOf[[]byte],
	reflect.Int: allocOf[int], reflect.Int8: allocOf[int8], reflect.Int16: allocOf[int16],
	reflect.Int32: allocOf[int32], reflect.Int64: allocOf[int64],
	reflect.Uint: allocOf[uint], reflect.Uint8: allocOf[uint8], reflect.Uint16: allocOf[uint16],
	reflect.Uint32: allocOf[uint32], reflect.Uint64: allocOf[uint64],
	reflect.Float32: allocOf[float32], reflect.Float64: allocOf[float64],
	reflect.Array: allocOf[[16]byte],
}

// nullCodec makes the codec of sql.Null and of its older relatives such as
// sql.NullString: a struct of a value and the field Valid. It finds them by name, since
// linking database/sql for a type would be a high price.
func nullCodec(t reflect.Type) (*codec, error) {
	valid, ok := t.FieldByName("Valid")
	if !ok || t.NumField() != 2 {
		return nil, fmt.Errorf("type %s has no column type", t)
	}
	value := t.Field(0)
	elem, err := codecFor(value.Type, false)
	if err != nil {
		return nil, err
	}
	if elem.nullable {
		return nil, fmt.Errorf("%s is nullable twice: use %s", t, value.Type)
	}
	in, ok2 := value.Offset, valid.Offset
	c := &codec{
		typ: t, kind: elem.kind, items: elem.items, nullable: true, deep: elem.deep, elem: elem, inside: in,
		decode: func(r driver.Row, i int, p unsafe.Pointer) error {
			if r.IsNull(i) {
				return nil
			}
			*(*bool)(unsafe.Add(p, ok2)) = true
			return elem.decode(r, i, unsafe.Add(p, in))
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) {
			if !*(*bool)(unsafe.Add(p, ok2)) {
				return driver.Null(), nil
			}
			return elem.encode(unsafe.Add(p, in))
		},
		zero: func(p unsafe.Pointer) bool { return !*(*bool)(unsafe.Add(p, ok2)) },
		move: moveByReflection(t),
	}
	if elem.own {
		c.own, c.raw = true, elem.rawOrNull
		c.take = func(v any, p unsafe.Pointer) error {
			if _, null := v.(isNull); null {
				return nil
			}
			*(*bool)(unsafe.Add(p, ok2)) = true
			return elem.take(v, unsafe.Add(p, in))
		}
		c.decode = putOff(c.raw, c.take, "")
	}
	if !elem.deep {
		c.same = func(a, b unsafe.Pointer) bool {
			va, vb := *(*bool)(unsafe.Add(a, ok2)), *(*bool)(unsafe.Add(b, ok2))
			return va == vb && (!va || elem.same(unsafe.Add(a, in), unsafe.Add(b, in)))
		}
	}
	return c, nil
}

func moveByReflection(t reflect.Type) func(dst, src unsafe.Pointer) {
	return func(dst, src unsafe.Pointer) { reflect.NewAt(t, dst).Elem().Set(reflect.NewAt(t, src).Elem()) }
}
