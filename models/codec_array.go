package models

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// arrayCodec makes the codec of a slice: an array on Postgres, JSON on SQLite. A nil
// slice is stored as an empty one.
func arrayCodec(t reflect.Type) (*codec, error) {
	elem, err := codecFor(t.Elem(), false)
	switch {
	case err != nil:
		return nil, fmt.Errorf("type %s: %w (the json option stores any slice)", t, err)
	case elem.own || elem.nullable || elem.kind > schema.Text && elem.kind != schema.Time && elem.kind != schema.UUID:
		return nil, fmt.Errorf("type %s: an array has elements of a plain type, not %s; store it with the json option", t, t.Elem())
	}
	return &codec{
		typ: t, kind: schema.Array, items: elem.kind, deep: true,
		decode: func(r driver.Row, i int, p unsafe.Pointer) error {
			got, err := r.Value(i)
			if err != nil {
				return err
			}
			vals, err := elements(got, elem.kind)
			if err != nil {
				return &driver.Error{Kind: driver.ErrDecode, Message: fmt.Sprintf("the array does not fit into %s", t), Err: err}
			}
			s := reflect.MakeSlice(t, len(vals), len(vals))
			for k := range vals {
				if vals[k].Kind() == driver.KindNull {
					return &driver.Error{Kind: driver.ErrDecode, Message: fmt.Sprintf("the array has a NULL, and %s has no place for it", t)}
				}
				if err := elem.decode(valueRow(vals), k, s.Index(k).Addr().UnsafePointer()); err != nil {
					return err
				}
			}
			reflect.NewAt(t, p).Elem().Set(s)
			return nil
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) {
			s := reflect.NewAt(t, p).Elem()
			vals := make([]driver.Value, s.Len())
			for k := range vals {
				var err error
				if vals[k], err = elem.encode(s.Index(k).Addr().UnsafePointer()); err != nil {
					return driver.Value{}, err
				}
			}
			return packArray(vals, elem.kind)
		},
		zero: func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Elem().IsNil() },
		move: moveByReflection(t),
	}, nil
}

// packArray makes one value of many of a kind.
func packArray(vals []driver.Value, kind schema.Kind) (driver.Value, error) {
	switch kind {
	case schema.Bool:
		return pack(vals, driver.Value.Bool), nil
	case schema.Float32, schema.Float64:
		return pack(vals, driver.Value.Float64), nil
	case schema.Text:
		for _, v := range vals {
			if !utf8.ValidString(v.Text()) {
				return driver.Value{}, &driver.Error{Kind: driver.ErrValue, Message: "a text in the array is not valid UTF-8"}
			}
		}
		return pack(vals, driver.Value.Text), nil
	case schema.Time: // as they come back, so that they compare
		return pack(vals, func(v driver.Value) time.Time { return v.Time().UTC().Truncate(time.Microsecond) }), nil
	case schema.UUID:
		return pack(vals, driver.Value.UUID), nil
	default:
		return pack(vals, driver.Value.Int64), nil
	}
}

func pack[T any](vals []driver.Value, get func(driver.Value) T) driver.Value {
	out := make([]T, len(vals))
	for i, v := range vals {
		out[i] = get(v)
	}
	return driver.Array(out)
}

// elements takes an array apart: as Postgres answers it, as JSON, or as it was encoded.
func elements(got any, kind schema.Kind) ([]driver.Value, error) {
	var vals []driver.Value
	var list []any
	switch x := got.(type) {
	case []any:
		list = x
	case json.RawMessage:
		return jsonElements(x, kind)
	case string: // a column that is not declared as JSON
		return jsonElements([]byte(x), kind)
	default:
		s := reflect.ValueOf(got)
		if s.Kind() != reflect.Slice {
			return nil, errors.New("it is no array")
		}
		for i := range s.Len() {
			list = append(list, s.Index(i).Interface())
		}
	}
	for _, x := range list {
		v, err := plainValue(x)
		if err != nil {
			return nil, fmt.Errorf("an element is a %T", x)
		}
		vals = append(vals, v)
	}
	return vals, nil
}

// jsonElements reads a JSON array in the form in which SQLite keeps arrays.
func jsonElements(doc []byte, kind schema.Kind) ([]driver.Value, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var list []any
	if err := d.Decode(&list); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, errors.New("it is no array")
	}
	vals := make([]driver.Value, len(list))
	for i, x := range list {
		var err error
		if vals[i], err = jsonElement(x, kind); err != nil {
			return nil, err
		}
	}
	return vals, nil
}

func jsonElement(x any, kind schema.Kind) (driver.Value, error) {
	switch x := x.(type) {
	case json.Number:
		if kind.Integer() {
			n, err := strconv.ParseInt(x.String(), 10, 64)
			return driver.Int64(n), err
		}
		f, err := strconv.ParseFloat(x.String(), 64)
		if errors.Is(err, strconv.ErrRange) {
			err = nil // infinity is stored as a number too large
		}
		return driver.Float64(f), err
	case string:
		switch kind {
		case schema.Time:
			at, err := time.Parse("2006-01-02 15:04:05.999999Z07:00", x)
			return driver.Time(at), err
		case schema.UUID:
			var u [16]byte
			n, err := hex.Decode(u[:], []byte(strings.ReplaceAll(x, "-", "")))
			if err == nil && n != len(u) {
				err = errors.New("a UUID is too short")
			}
			return driver.UUID(u), err
		}
	}
	return plainValue(x)
}
