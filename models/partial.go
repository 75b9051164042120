package models

import (
	"fmt"
	"reflect"
	"slices"
)

// A partial is what is not known of an object, since it was not read. It does not change.
type partial struct {
	left []bool // not read, by place in table.fields
	set  []bool // to be written whatever the value is; nil: none
}

// lacks reports whether nobody knows the value of a field: it was neither read nor set.
func (p *partial) lacks(f *field) bool { return p != nil && p.left[f.pos] && !p.sets(f) }

// sets reports whether a field is to be written whatever its value.
func (p *partial) sets(f *field) bool { return p != nil && p.set != nil && p.set[f.pos] }

// touch returns p with fields that are to be written.
func (p *partial) touch(t *table, fields ...*field) *partial {
	q := &partial{left: make([]bool, len(t.fields)), set: make([]bool, len(t.fields))}
	if p != nil {
		q.left = p.left
		copy(q.set, p.set)
	}
	for _, f := range fields {
		q.set[f.pos] = true
	}
	return q
}

// known returns p without fields whose values are those of the row now.
func (p *partial) known(fields ...*field) *partial {
	if p == nil {
		return nil
	}
	q := &partial{left: slices.Clone(p.left), set: slices.Clone(p.set)}
	for _, f := range fields {
		if q.left[f.pos] = false; q.set != nil {
			q.set[f.pos] = false
		}
	}
	return q.some()
}

// met returns what is not known after a row was read that lacks what r does.
func (p *partial) met(r *partial) *partial {
	if p == nil || r == nil {
		return nil
	}
	q := &partial{left: slices.Clone(p.left), set: slices.Clone(p.set)}
	for i, left := range r.left {
		if q.left[i] = q.left[i] && left; q.set != nil {
			q.set[i] = q.set[i] && left
		}
	}
	return q.some()
}

// reset returns p without what was set.
func (p *partial) reset() *partial {
	if p == nil || p.set == nil {
		return p
	}
	return (&partial{left: p.left}).some()
}

// some returns p, nil if there is nothing in it.
func (p *partial) some() *partial {
	if slices.Contains(p.left, true) || slices.Contains(p.set, true) {
		return p
	}
	return nil
}

// Touch has the next flush write fields of x, whatever their values are: those that were
// left out when x was read ([Query.LoadOnly], [Query.Defer]) and are to become zero, which
// does not tell them from fields that nobody has set, and those whose values have not
// changed. It is SQLAlchemy's flag_modified. What it says is forgotten when the row is read
// again, and with a Rollback. x is an object that was read or written before, and fields
// are addresses of its fields:
//
//	user.Bio = ""
//	err := models.Touch(user, &user.Bio)
//
// A field that was left out and gets another value than zero is written without it, and so
// is whatever [Set] sets.
func Touch(x any, fields ...any) error {
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
		return fmt.Errorf("models: Touch(%T): want a pointer to a struct", x)
	}
	obj := v.UnsafePointer()
	t, err := tableOfObject(v.Type().Elem(), obj)
	if err != nil {
		return err
	}
	o := t.originOf(obj)
	switch {
	case !t.hasOrigin:
		return fmt.Errorf("models: Touch: %s can not remember it: embed models.Model", t.typ.Name())
	case o == nil:
		return fmt.Errorf("models: Touch: this %s was never read or written: it is inserted with all its fields", t.facts.Model)
	}
	var found []*field
	for _, x := range fields {
		p := reflect.ValueOf(x)
		i := -1
		if p.Kind() == reflect.Pointer {
			i = slices.IndexFunc(t.fields, func(f *field) bool { return f.at(obj) == p.UnsafePointer() && f.typ == p.Type().Elem() })
		}
		switch {
		case i < 0:
			return fmt.Errorf("models: Touch: this %T is no column of this %s: want the address of one of its fields", x, t.facts.Model)
		case t.isKey(t.fields[i]) || t.fields[i].generated:
			return fmt.Errorf("models: Touch: %s: the key, and what the database generates, is not written", t.fields[i].path)
		}
		found = append(found, t.fields[i])
	}
	o.partial = o.partial.touch(t, found...)
	return nil
}
