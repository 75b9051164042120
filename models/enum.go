package models

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// enumOf returns the values that a column may have, none for any: those of the enum
// option, else those of a method Values of a string type.
func enumOf(f *field, tg tag) ([]string, error) {
	c := f.codec
	if c.elem != nil {
		c = c.elem
	}
	values := tg.enum
	if values == nil && c.typ.Kind() == reflect.String && c.kind == schema.Text {
		values = valuesOf(c.typ)
	}
	switch {
	case values == nil:
		return nil, nil
	case c.typ.Kind() != reflect.String || c.kind != schema.Text:
		return nil, fmt.Errorf("enum is for strings, this is %s", f.typ)
	}
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return nil, fmt.Errorf("enum has %q twice", v)
		}
	}
	if tg.def != nil && !slices.Contains(values, *tg.def) {
		return nil, fmt.Errorf("default=%s is none of %s", *tg.def, strings.Join(values, ", "))
	}
	return values, nil
}

// valuesOf calls the method Values of a string type: func (Color) Values() []Color, or
// []string.
func valuesOf(t reflect.Type) []string {
	m, ok := t.MethodByName("Values")
	if !ok || m.Type.NumIn() != 1 || m.Type.NumOut() != 1 || m.Type.Out(0).Kind() != reflect.Slice || m.Type.Out(0).Elem().Kind() != reflect.String {
		return nil
	}
	list := reflect.Zero(t).Method(m.Index).Call(nil)[0]
	out := make([]string, list.Len())
	for i := range out {
		out[i] = list.Index(i).String()
	}
	return out
}

// oneOf is the condition of an enum's check. A NULL meets it, as it meets every check.
func oneOf(column string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = dialect.Postgres.Literal(schema.Literal{Kind: schema.Text, Text: v})
	}
	return dialect.Quote(column) + " IN (" + strings.Join(quoted, ", ") + ")"
}
