package models

import (
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// from makes a value of the codec's type, which can be set, out of a plain one: text, a
// number, what JSON makes. The reason why it can not does not show the value.
func (c *codec) from(x any) (reflect.Value, error) {
	to := reflect.New(c.typ).Elem()
	v := reflect.ValueOf(x)
	for v.IsValid() && v.Kind() == reflect.Pointer && v.Type() != c.typ && !(c.own && v.Type().AssignableTo(c.typ)) {
		v = v.Elem() // of a nil pointer nothing
	}
	switch {
	case !v.IsValid() && c.nullable:
		return to, nil
	case !v.IsValid():
		return to, errors.New("the column can not be NULL")
	case v.Type() == c.typ:
		to.Set(v)
		return to, nil
	case c.elem != nil:
		if v.Kind() == reflect.String && v.Len() == 0 && (c.elem.kind != schema.Text || c.elem.own) {
			return to, nil
		}
		inside, err := c.elem.from(v.Interface())
		if err != nil {
			return to, err
		}
		if c.typ.Kind() == reflect.Pointer {
			to.Set(inside.Addr())
		} else { // a sql.Null
			to.Field(0).Set(inside)
			to.FieldByName("Valid").SetBool(true)
		}
		return to, nil
	}
	return to, c.fill(to, v)
}

// fill sets to from v, which is of another type and not nil.
func (c *codec) fill(to, v reflect.Value) error {
	text := ""
	isText := v.Kind() == reflect.String
	if isText {
		text = v.String()
	}
	if c.own {
		return c.fillOwn(to, v)
	}
	switch {
	case c.kind == schema.JSON:
		return fillJSON(to, v)
	case c.kind == schema.Array:
		return c.fillArray(to, v)
	case c.typ == timeType && isText:
		at, err := parseTime(strings.TrimSpace(text))
		to.Set(reflect.ValueOf(at))
		return err
	case c.kind == schema.UUID:
		return fillUUID(to, v)
	case c.typ == durationType && isText:
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil {
			return errors.New(`want a duration such as "1h30m"`)
		}
		to.SetInt(int64(d))
		return nil
	}
	switch c.typ.Kind() {
	case reflect.Bool:
		return fillBool(to, v)
	case reflect.String:
		switch {
		case isText:
			to.SetString(text)
			return nil
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
			to.SetString(string(v.Bytes()))
			return nil
		}
		return fmt.Errorf("want a text, not %s", v.Type())
	case reflect.Slice: // of bytes
		switch {
		case isText:
			to.SetBytes([]byte(text))
			return nil
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
			to.SetBytes(append([]byte{}, v.Bytes()...))
			return nil
		}
		return fmt.Errorf("want bytes, not %s", v.Type())
	case reflect.Float32, reflect.Float64:
		return fillFloat(to, v)
	case reflect.Struct:
		return fmt.Errorf("want a time, not %s", v.Type())
	}
	return fillInt(to, v)
}

func fillBool(to, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Bool:
		to.SetBool(v.Bool())
		return nil
	case v.Kind() == reflect.String:
		switch strings.ToLower(strings.TrimSpace(v.String())) {
		case "1", "t", "true", "on", "yes", "y":
			to.SetBool(true)
			return nil
		case "0", "f", "false", "off", "no", "n":
			to.SetBool(false)
			return nil
		}
	case v.CanInt() && (v.Int() == 0 || v.Int() == 1):
		to.SetBool(v.Int() == 1)
		return nil
	}
	return errors.New("want true or false")
}

func fillInt(to, v reflect.Value) error {
	wrong := fmt.Errorf("want an integer that fits into %s", to.Type())
	var n int64
	switch {
	case v.CanInt():
		n = v.Int()
	case v.CanUint():
		if v.Uint() > math.MaxInt64 {
			return wrong
		}
		n = int64(v.Uint())
	case v.CanFloat(): // as encoding/json reads numbers
		f := v.Float()
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return wrong
		}
		n = int64(f)
	case v.Kind() == reflect.String:
		var err error
		if n, err = strconv.ParseInt(strings.TrimSpace(v.String()), 10, 64); err != nil {
			return wrong
		}
	default:
		return wrong
	}
	switch {
	case to.CanInt() && !to.OverflowInt(n):
		to.SetInt(n)
	case to.CanUint() && n >= 0 && !to.OverflowUint(uint64(n)):
		to.SetUint(uint64(n))
	default:
		return wrong
	}
	return nil
}

func fillFloat(to, v reflect.Value) error {
	var f float64
	switch {
	case v.CanFloat():
		f = v.Float()
	case v.CanInt():
		f = float64(v.Int())
	case v.CanUint():
		f = float64(v.Uint())
	case v.Kind() == reflect.String:
		var err error
		if f, err = strconv.ParseFloat(strings.TrimSpace(v.String()), 64); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("want a number")
		}
	default:
		return errors.New("want a number")
	}
	if to.OverflowFloat(f) {
		return fmt.Errorf("want a number that fits into %s", to.Type())
	}
	to.SetFloat(f)
	return nil
}

// timeLayouts are the forms of a time: RFC 3339, those of HTML's date fields and those of
// databases. Without a zone it is UTC.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-07", "2006-01-02 15:04:05", "2006-01-02 15:04",
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("want a time such as 2006-01-02T15:04:05Z or a date such as 2006-01-02")
}

func fillUUID(to, v reflect.Value) error {
	var raw []byte
	switch {
	case v.Type().ConvertibleTo(to.Type()) && v.Kind() == reflect.Array:
		to.Set(v.Convert(to.Type()))
		return nil
	case v.Kind() == reflect.String:
		raw, _ = hex.DecodeString(strings.ReplaceAll(strings.Trim(strings.TrimSpace(v.String()), "{}"), "-", ""))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		raw = v.Bytes()
	}
	if len(raw) != 16 {
		return errors.New("want a UUID such as 123e4567-e89b-12d3-a456-426614174000")
	}
	reflect.Copy(to, reflect.ValueOf(raw))
	return nil
}

// fillJSON takes text and bytes as a document, and anything else as what is in one.
func fillJSON(to, v reflect.Value) error {
	var doc []byte
	switch {
	case v.Type().AssignableTo(to.Type()) && v.Kind() != reflect.String:
		to.Set(v)
		return nil
	case v.Kind() == reflect.String:
		doc = []byte(v.String())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		doc = v.Bytes()
	default:
		var err error
		if doc, err = json.Marshal(v.Interface()); err != nil {
			return fmt.Errorf("%s has no JSON form", v.Type())
		}
	}
	if !json.Valid(doc) {
		return errors.New("want a JSON document")
	}
	if to.Type() == rawJSONType {
		to.SetBytes(append([]byte{}, doc...))
		return nil
	}
	if json.Unmarshal(doc, to.Addr().Interface()) != nil {
		return fmt.Errorf("the document does not fit into %s", to.Type())
	}
	return nil
}

func (c *codec) fillArray(to, v reflect.Value) error {
	if v.Kind() != reflect.Slice {
		return fmt.Errorf("want a list, not %s", v.Type())
	}
	elem, err := codecFor(c.typ.Elem(), false)
	if err != nil {
		return err
	}
	out := reflect.MakeSlice(c.typ, v.Len(), v.Len())
	for i := range v.Len() {
		x, err := elem.from(v.Index(i).Interface())
		if err != nil {
			return fmt.Errorf("element %d: %w", i+1, err)
		}
		out.Index(i).Set(x)
	}
	to.Set(out)
	return nil
}

// fillOwn asks the type's own methods.
func (c *codec) fillOwn(to, v reflect.Value) error {
	p := to.Addr().Interface()
	var err error
	switch u := p.(type) {
	case scanner:
		plain := v.Interface()
		switch {
		case v.CanInt():
			plain = v.Int()
		case v.CanFloat():
			plain = v.Float()
		case v.Kind() == reflect.Bool:
			plain = v.Bool()
		case v.Kind() == reflect.String:
			plain = v.String()
		}
		err = guarded(driver.ErrValue, c.typ, "Scan", func() error { return u.Scan(plain) })
	case encoding.TextUnmarshaler:
		if v.Kind() != reflect.String {
			return fmt.Errorf("want the text of a %s, not %s", c.typ, v.Type())
		}
		err = guarded(driver.ErrValue, c.typ, "UnmarshalText", func() error { return u.UnmarshalText([]byte(v.String())) })
	}
	if err != nil { // its text may show the value
		return fmt.Errorf("%s does not take this value", c.typ)
	}
	return nil
}
