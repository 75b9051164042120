package wasm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"syscall/js"

	"github.com/spillwaydb/spillway/internal/promise"
)

// parse makes a JavaScript value of JSON text. JSON.parse does it in one crossing, but it
// rounds large integers silently; a text that may have some is built piece by piece.
func parse(text []byte) (js.Value, error) {
	if hasLongNumber(text) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		return build(d)
	}
	return promise.Try(func() js.Value { return js.Global().Get("JSON").Call("parse", string(text)) })
}

// exactDigits is the number of digits up to which every integer is exact.
const exactDigits = 15

// hasLongNumber reports whether text has a run of more than exactDigits digits outside of
// strings.
func hasLongNumber(text []byte) bool {
	run, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c >= '0' && c <= '9':
			if run++; run > exactDigits {
				return true
			}
		default:
			run = 0
		}
	}
	return false
}

// build makes a JavaScript value of the next value of d.
func build(d *json.Decoder) (js.Value, error) {
	token, err := d.Token()
	if err != nil {
		return js.Undefined(), err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return buildArray(d)
		}
		return buildObject(d)
	case json.Number:
		return number(t)
	default:
		return js.ValueOf(t), nil // nil, bool, string
	}
}

func buildArray(d *json.Decoder) (js.Value, error) {
	a := js.Global().Get("Array").New()
	for i := 0; d.More(); i++ {
		v, err := build(d)
		if err != nil {
			return v, err
		}
		a.SetIndex(i, v)
	}
	_, err := d.Token()
	return a, err
}

func buildObject(d *json.Decoder) (js.Value, error) {
	o := js.Global().Get("Object").New()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return o, err
		}
		v, err := build(d)
		if err != nil {
			return o, err
		}
		o.Set(key.(string), v)
	}
	_, err := d.Token()
	return o, err
}

// number makes a number, or a BigInt of an integer that a number can not hold exactly.
func number(n json.Number) (js.Value, error) {
	if !strings.ContainsAny(string(n), ".eE") {
		if i, err := strconv.ParseInt(string(n), 10, 64); err != nil || i < -maxExact || i > maxExact {
			return bigInt(string(n)), nil
		}
	}
	f, err := n.Float64()
	if err != nil {
		return js.Undefined(), err
	}
	return js.ValueOf(f), nil
}
