package models

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A FieldError says why [Set] can not give a field a value. It matches the kind of values
// that do not fit, spillway.ErrValue, and never shows the value.
type FieldError struct {
	Column string // its name, as in the values given
	Field  string // "User.Age"; empty if there is no such column
	Reason string
}

// Error implements error.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return "models: Set: " + e.Reason
	}
	return "models: Set: " + e.Field + ": " + e.Reason
}

// Unwrap returns the kind of the error.
func (e *FieldError) Unwrap() error { return driver.ErrValue }

// Set writes values into the fields of x by the names of their columns, as they come from
// a form or a JSON document:
//
//	err := models.Set(user, models.Vals{"full_name": "Ada", "age": "36", "active": "on"})
//
// Text becomes what the field is: a number, a boolean (true, false, 1, 0, on, off, yes,
// no), a time (RFC 3339, or a date with or without a time of day, which is then UTC), a
// duration ("1h30m"), a UUID, one of an enum's values, a document, or what the type's own
// UnmarshalText or Scan makes of it. Numbers have to fit, those of JSON too. A slice fills
// an array. nil, and for anything but text the empty text, is NULL where the column can be
// NULL.
//
// Either all values are written or none. Every mistake is reported as a *[FieldError],
// joined in the order of their names: a column that does not exist, a value that does not
// fit, and what is not to be set from outside: the key, a generated column, a relation. In
// a session the change is noticed like any other. Set panics if x is no pointer to a
// struct that can be registered.
func Set(x any, vals Vals) error {
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("models: Set(%T): want a pointer to a struct", x))
	}
	obj := v.UnsafePointer()
	t, err := tableOfObject(v.Type().Elem(), obj)
	if err != nil {
		panic(err.Error())
	}
	if c := addresses.find(obj, t.typ); c != nil && c.f == nil && c.rel == nil {
		return fmt.Errorf("models: Set of the prototype of %s: it names columns and is no object", t.facts.Model)
	}
	type change struct {
		f  *field
		to reflect.Value
	}
	var changes []change
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(vals)) {
		f, reason := t.settable(name)
		var to reflect.Value
		if reason == nil {
			to, reason = f.from(vals[name])
		}
		switch {
		case reason == nil:
			changes = append(changes, change{f, to})
		case f == nil:
			errs = append(errs, &FieldError{Column: name, Reason: reason.Error()})
		default:
			errs = append(errs, &FieldError{Column: name, Field: f.path, Reason: reason.Error()})
		}
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	for _, c := range changes {
		c.f.move(c.f.at(obj), pointerOf(c.to))
		if o := t.originOf(obj); o != nil && o.partial.lacks(c.f) {
			o.partial = o.partial.touch(t, c.f)
		}
	}
	return nil
}

// settable returns the field of a column that Set may write. With an error the field is
// for the message, nil if there is none.
func (t *table) settable(name string) (*field, error) {
	f := t.byName[name]
	switch {
	case f == nil:
		for _, rel := range t.relations {
			if name == snake(rel.name) || name == rel.name {
				return nil, fmt.Errorf("%s is a relation: set it in code, or set its foreign key", rel)
			}
		}
		return nil, fmt.Errorf("%s has no column %s; it has %s", t.facts.Model, name, t.sortedNames())
	case slices.Contains(t.key, f):
		return f, errors.New("it is the key, which says what row the object is: set it in code")
	case f.generated:
		return f, errors.New("the database generates this column")
	}
	return f, nil
}

// from makes a value of the field's type, which can be set, out of a plain one.
func (f *field) from(x any) (reflect.Value, error) {
	v, err := f.codec.from(x)
	if err != nil || len(f.enum) == 0 {
		return v, err
	}
	text, err := f.encode(pointerOf(v))
	if err == nil && text.Kind() == driver.KindText && !slices.Contains(f.enum, text.Text()) {
		return v, fmt.Errorf("want one of %s", strings.Join(f.enum, ", "))
	}
	return v, err
}

func pointerOf(v reflect.Value) unsafe.Pointer { return v.Addr().UnsafePointer() }
