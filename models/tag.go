package models

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/schema"
)

// A tag is what the db tag of a field says.
type tag struct {
	name             string
	skip             bool
	pk, json         bool
	unique, index    *string // the name given, empty for none
	fk               string
	refTable, refCol string
	onDelete         schema.Action
	onUpdate         schema.Action
	def              *string
	created, updated bool
	types            map[string]string // by backend; "" for all
}

// later are options that are planned and refused until they work.
var later = []string{
	"array", "check", "computed", "deferrable", "desc", "embed", "enum", "func", "orm", "prefix",
	"server", "softdelete", "text", "version", "was", "where",
}

var actions = map[string]schema.Action{
	"noaction": schema.NoAction, "restrict": schema.Restrict, "cascade": schema.Cascade,
	"setnull": schema.SetNull, "setdefault": schema.SetDefault,
}

// parseTag reads the db tag of a field. Its errors do not name the field.
func parseTag(f reflect.StructField) (t tag, err error) {
	text, ok := f.Tag.Lookup("db")
	if !ok {
		return t, nil
	}
	parts, err := splitTag(text)
	if err != nil {
		return t, err
	}
	t.name = strings.TrimSpace(parts[0])
	if t.name == "-" {
		t.skip = true
		return t, nil
	}
	for _, p := range parts[1:] {
		key, val, has := strings.Cut(strings.TrimSpace(p), "=")
		key = strings.TrimSpace(key)
		if val = strings.TrimSpace(val); len(val) > 1 && val[0] == '\'' && val[len(val)-1] == '\'' {
			val = strings.ReplaceAll(val[1:len(val)-1], "''", "'")
		}
		if err := t.option(key, val, has); err != nil {
			return t, err
		}
	}
	if (t.onDelete != "" || t.onUpdate != "") && t.fk == "" {
		return t, fmt.Errorf("ondelete and onupdate belong to a foreign key: add fk=table.column")
	}
	return t, nil
}

// option takes one option in.
func (t *tag) option(key, val string, has bool) error {
	wants := slices.Contains([]string{"fk", "ondelete", "onupdate", "default", "type"}, key) || strings.HasPrefix(key, "type.")
	plain := slices.Contains([]string{"pk", "json", "created", "updated"}, key)
	switch {
	case wants && !has:
		return fmt.Errorf("option %s needs a value: %s=…", key, key)
	case wants && val == "" && key != "default":
		return fmt.Errorf("option %s has an empty value", key)
	case plain && has:
		return fmt.Errorf("option %s takes no value", key)
	}
	switch key {
	case "pk":
		t.pk = true
	case "json":
		t.json = true
	case "created":
		t.created = true
	case "updated":
		t.updated = true
	case "unique":
		t.unique = &val
	case "index":
		t.index = &val
	case "default":
		t.def = &val
	case "fk":
		table, col, ok := strings.Cut(val, ".")
		if !ok || table == "" || col == "" {
			return fmt.Errorf("fk=%s: want fk=table.column", val)
		}
		t.fk, t.refTable, t.refCol = val, table, col
	case "ondelete", "onupdate":
		a, ok := actions[strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(val))]
		if !ok {
			return fmt.Errorf("%s=%s: want cascade, restrict, setnull, setdefault or noaction", key, val)
		}
		if key == "ondelete" {
			t.onDelete = a
		} else {
			t.onUpdate = a
		}
	case "":
		return fmt.Errorf("empty option")
	default:
		backend, isType := strings.CutPrefix(key, "type")
		if backend, isDialect := strings.CutPrefix(backend, "."); isType && (key == "type" || isDialect) {
			if isDialect && backend != "postgres" && backend != "sqlite" {
				return fmt.Errorf("option %s: want type=, type.postgres= or type.sqlite=", key)
			}
			if t.types == nil {
				t.types = map[string]string{}
			}
			t.types[backend] = val
			return nil
		}
		if slices.Contains(later, key) {
			return fmt.Errorf("option %s is not supported yet", key)
		}
		return fmt.Errorf("unknown option %s", key)
	}
	return nil
}

// splitTag splits at commas outside single quotes and parentheses.
func splitTag(s string) (parts []string, err error) {
	quoted, depth, from := false, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	if quoted {
		return nil, fmt.Errorf("a single quote is not closed")
	}
	return append(parts, s[from:]), nil
}
