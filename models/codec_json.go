package models

import (
	"encoding/json"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// jsonCodec makes the codec of a type that is stored as JSON.
func jsonCodec(t reflect.Type) (*codec, error) {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return nil, fmt.Errorf("type %s has no JSON form", t)
	}
	return &codec{
		typ: t, kind: schema.JSON, deep: true,
		decode: func(r driver.Row, i int, p unsafe.Pointer) error {
			b, err := r.Bytes(i)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(b, reflect.NewAt(t, p).Interface()); err != nil {
				// The text of err may quote the document.
				return &driver.Error{Kind: driver.ErrDecode, Message: fmt.Sprintf("the document does not fit into %s", t), Err: err}
			}
			return nil
		},
		encode: func(p unsafe.Pointer) (driver.Value, error) {
			b, err := json.Marshal(reflect.NewAt(t, p).Interface())
			if err != nil {
				return driver.Value{}, &driver.Error{Kind: driver.ErrValue, Message: fmt.Sprintf("this %s has no JSON form", t), Err: err}
			}
			return driver.JSON(b), nil
		},
		zero: func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Elem().IsZero() },
		move: moveByReflection(t),
	}, nil
}

// rawJSONCodec makes the codec of json.RawMessage, which needs no option.
func rawJSONCodec(t reflect.Type) *codec {
	c := bytesCodec(t)
	c.kind = schema.JSON
	c.encode = func(p unsafe.Pointer) (driver.Value, error) {
		b := *(*[]byte)(p)
		if b == nil {
			b = []byte("null") // as json.Marshal has it
		}
		return driver.JSON(b), nil
	}
	return c
}
