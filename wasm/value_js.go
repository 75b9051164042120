package wasm

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"syscall/js"
	"time"
)

// maxExact is the largest integer up to which JavaScript's numbers are exact
// (Number.MAX_SAFE_INTEGER).
const maxExact = 1<<53 - 1

// ValueOf converts a Go value to JavaScript:
//
//	nil, nil pointer, map or slice   null
//	bool, string, float              boolean, string, number
//	integer                          number; BigInt beyond ±(2^53-1), where numbers are not exact
//	time.Time                        Date (milliseconds: what is finer is cut off)
//	[]byte                           Uint8Array, a copy
//	struct{}                         undefined
//	js.Value, js.Func                itself
//	*T of one of these               as T
//	anything else                    what JSON.parse makes of its JSON text, integers as above
//
// So structs, slices and maps arrive as objects and arrays with the names of package
// encoding/json, and the times and bytes inside them as json writes them: RFC 3339 and
// base64. A type with a MarshalJSON or MarshalText method counts as anything else, except
// time.Time. The error is that of encoding/json, for example for a channel.
func ValueOf(v any) (js.Value, error) {
	switch x := v.(type) {
	case nil:
		return js.Null(), nil
	case js.Value:
		return x, nil
	case js.Func:
		return x.Value, nil
	case time.Time:
		return js.Global().Get("Date").New(float64(x.UnixMilli())), nil
	case struct{}:
		return js.Undefined(), nil
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && !r.IsNil() && r.Elem().Kind() != reflect.Struct {
		return ValueOf(r.Elem().Interface())
	}
	if t, ok := v.(*time.Time); ok && t != nil {
		return ValueOf(*t)
	}
	switch v.(type) {
	case json.Marshaler, encoding.TextMarshaler:
		return jsonValue(v)
	}
	switch r.Kind() {
	case reflect.Bool:
		return js.ValueOf(r.Bool()), nil
	case reflect.String:
		return js.ValueOf(r.String()), nil
	case reflect.Float32, reflect.Float64:
		return js.ValueOf(r.Float()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := r.Int(); n < -maxExact || n > maxExact {
			return bigInt(strconv.FormatInt(n, 10)), nil
		}
		return js.ValueOf(float64(r.Int())), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if n := r.Uint(); n > maxExact {
			return bigInt(strconv.FormatUint(n, 10)), nil
		}
		return js.ValueOf(float64(r.Uint())), nil
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 && !r.IsNil() {
			return bytesValue(r.Bytes()), nil
		}
	}
	return jsonValue(v)
}

// bytesValue copies b into a new Uint8Array.
func bytesValue(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

// bigInt makes a BigInt of a decimal integer.
func bigInt(decimal string) js.Value { return js.Global().Get("BigInt").Invoke(decimal) }

// jsonValue converts v by way of JSON.
func jsonValue(v any) (js.Value, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return js.Undefined(), fmt.Errorf("wasm: can not convert %T to JavaScript: %w", v, err)
	}
	return parse(b)
}
