package models

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A scanner is a sql.Scanner. Neither package database/sql nor its driver package is
// linked for a type: a driver.Valuer is found by the method that it has.
type scanner interface{ Scan(src any) error }

var (
	scannerType     = reflect.TypeFor[scanner]()
	marshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// anyOwn: there is a codec that runs user code. Without one nothing has to be put off.
var anyOwn atomic.Bool

// ownCodec makes the codec of a type that says by methods how it is stored: Scan and
// Value, or MarshalText and UnmarshalText. It answers nil for a type without them.
func ownCodec(t reflect.Type) (*codec, error) {
	p := reflect.PointerTo(t)
	value := valueMethod(p)
	scans, values := p.Implements(scannerType), value >= 0
	writes, reads := p.Implements(marshalerType), p.Implements(unmarshalerType)
	half := func(has, lacks string) error {
		return fmt.Errorf("type %s has a method %s but no %s, and needs both to be stored so: add it, or use the json option", t, has, lacks)
	}
	switch {
	case scans && values:
		return scanCodec(t, value), nil
	case writes && reads:
		return marshalCodec(t), nil
	case scans:
		return nil, half("Scan", "Value")
	case values:
		return nil, half("Value", "Scan")
	case writes:
		return nil, half("MarshalText", "UnmarshalText")
	case reads:
		return nil, half("UnmarshalText", "MarshalText")
	}
	return nil, nil
}

// valueMethod is the index of the method of a driver.Valuer, -1 without one.
func valueMethod(p reflect.Type) int {
	m, ok := p.MethodByName("Value")
	if !ok || m.Type.NumIn() != 1 || m.Type.NumOut() != 2 || m.Type.Out(0).PkgPath() != "database/sql/driver" || m.Type.Out(0).Name() != "Value" || m.Type.Out(1) != reflect.TypeFor[error]() {
		return -1
	}
	return m.Index
}

// own fills in what all codecs of user code share.
func own(c codec) *codec {
	anyOwn.Store(true)
	t := c.typ
	c.deep, c.own = true, true
	c.zero = func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Elem().IsZero() }
	c.move = moveByReflection(t)
	c.decode = putOff(c.raw, c.take, "")
	return &c
}

// putOff decodes in two steps: raw reads the value wherever the row is read, take, which
// runs user code, waits for the end of the verb if the row can put it off.
func putOff(raw func(r driver.Row, i int) (any, error), take func(v any, p unsafe.Pointer) error, path string) func(driver.Row, int, unsafe.Pointer) error {
	return func(r driver.Row, i int, p unsafe.Pointer) error {
		v, err := raw(r, i)
		if err != nil {
			return err
		}
		if l, ok := r.(*lateRow); ok {
			l.items = append(l.items, lateItem{take, v, p, path})
			return nil
		}
		return take(v, p)
	}
}

// placed returns the codec of a field, whose path is in its late errors. Bytes for a
// column of Postgres that has another type than bytea are the text of a value, such as
// a document for jsonb.
func (c *codec) placed(path, postgresType string) *codec {
	if !c.own {
		return c
	}
	d := *c
	d.decode = putOff(c.raw, c.take, path)
	if postgresType != "" && !strings.EqualFold(postgresType, "bytea") {
		d.encode = func(p unsafe.Pointer) (driver.Value, error) {
			v, err := c.encode(p)
			if v.Kind() == driver.KindBytes {
				v = driver.JSON(v.Bytes())
			}
			return v, err
		}
	}
	return &d
}

// marshalCodec stores what MarshalText makes.
func marshalCodec(t reflect.Type) *codec {
	return own(codec{
		typ: t, kind: schema.Text,
		raw: func(r driver.Row, i int) (any, error) { return r.Text(i) },
		take: func(v any, p unsafe.Pointer) error {
			return guarded(driver.ErrDecode, t, "UnmarshalText", func() error {
				return reflect.NewAt(t, p).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(v.(string)))
			})
		},
		encode: func(p unsafe.Pointer) (v driver.Value, err error) {
			err = guarded(driver.ErrValue, t, "MarshalText", func() error {
				b, err := reflect.NewAt(t, p).Interface().(encoding.TextMarshaler).MarshalText()
				v = driver.Text(string(b))
				return err
			})
			return v, err
		},
	})
}

// scanCodec stores what Value returns. What it returns for the zero value decides on the
// type of the column, and nil means that it can be NULL.
func scanCodec(t reflect.Type, method int) *codec {
	value := func(p unsafe.Pointer) (v driver.Value, err error) {
		err = guarded(driver.ErrValue, t, "Value", func() error {
			out := reflect.NewAt(t, p).Method(method).Call(nil)
			if err, _ := out[1].Interface().(error); err != nil {
				return err
			}
			x := out[0].Interface()
			var err error
			if v, err = plainValue(x); err != nil {
				return fmt.Errorf("it is a %T", x)
			}
			return nil
		})
		return v, err
	}
	c := codec{
		typ: t, kind: schema.Other, encode: value,
		raw: scannable,
		take: func(v any, p unsafe.Pointer) error {
			return guarded(driver.ErrDecode, t, "Scan", func() error { return reflect.NewAt(t, p).Interface().(scanner).Scan(v) })
		},
	}
	if v, err := value(reflect.New(t).UnsafePointer()); err == nil {
		c.nullable = v.Kind() == driver.KindNull
		c.kind = kindOf[v.Kind()]
		if c.kind == schema.Bytes {
			c.raw = scannableBytes
		}
	}
	return own(c)
}

// kindOf is the column that holds values of a kind.
var kindOf = [...]schema.Kind{
	driver.KindNull: schema.Other, driver.KindBool: schema.Bool, driver.KindInt64: schema.Int64, driver.KindFloat64: schema.Float64,
	driver.KindText: schema.Text, driver.KindBytes: schema.Bytes, driver.KindTime: schema.Time, driver.KindUUID: schema.UUID,
	driver.KindJSON: schema.JSON, driver.KindArray: schema.Other,
}

// plainValue makes a value of one of the types that a driver.Valuer may return, and of
// those that rows have.
func plainValue(x any) (driver.Value, error) {
	switch x := x.(type) {
	case nil:
		return driver.Null(), nil
	case bool:
		return driver.Bool(x), nil
	case int64:
		return driver.Int64(x), nil
	case float64:
		return driver.Float64(x), nil
	case string:
		return driver.Text(x), nil
	case []byte:
		if x == nil {
			return driver.Null(), nil
		}
		return driver.Bytes(x), nil
	case time.Time:
		return driver.Time(x), nil
	case [16]byte:
		return driver.UUID(x), nil
	}
	return driver.Value{}, errWrongKey
}

// scannable reads a column as one of the types that Scan is given: those of
// database/sql.
func scannable(r driver.Row, i int) (any, error) {
	if r.IsNull(i) {
		return nil, nil
	}
	v, err := r.Value(i)
	switch x := v.(type) {
	case bool, int64, float64, string, []byte, time.Time:
		return v, err
	case nil:
		return nil, err
	default:
		if reflect.TypeOf(x) == rawJSONType {
			return r.Bytes(i)
		}
		return r.Text(i)
	}
}

// scannableBytes is scannable for a type whose values are bytes: it gets bytes back,
// also where they are kept as text.
func scannableBytes(r driver.Row, i int) (any, error) {
	v, err := scannable(r, i)
	if s, ok := v.(string); ok {
		v = []byte(s)
	}
	return v, err
}

// guarded calls a method of a user's type. Its errors and panics become errors that
// do not show what it was given.
func guarded(kind driver.Kind, t reflect.Type, method string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &driver.Error{Kind: kind, Message: fmt.Sprintf("%s of %s panicked", method, t), Err: fmt.Errorf("panic: %v", r)}
		}
	}()
	if err := f(); err != nil {
		return &driver.Error{Kind: kind, Message: fmt.Sprintf("%s of %s failed", method, t), Err: err}
	}
	return nil
}

// ownTypes are the types of a column as its tag names them. A type for all databases is
// Postgres's alone where methods make the value: numeric would have SQLite turn the text
// of a decimal into a floating-point number.
func ownTypes(f *field, types schema.PerBackend) (schema.PerBackend, error) {
	if !f.own {
		return types, nil
	}
	if f.kind == schema.Other && types.For("postgres") == "" {
		return nil, fmt.Errorf("models: %s: Value of the zero %s does not tell a column type: name it with type=", f.path, f.typ)
	}
	if _, ok := types[""]; ok {
		one := schema.PerBackend{"postgres": types.For("postgres")}
		if lite := types["sqlite"]; lite != "" {
			one["sqlite"] = lite
		}
		return one, nil
	}
	return types, nil
}

// needsPlain says why a type can not identify a row.
func needsPlain(t reflect.Type) string {
	return fmt.Sprintf("%s is compared by the database as something else than Go has; use an integer, a string, a [16]byte or another plain type", t)
}
