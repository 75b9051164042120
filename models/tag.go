package models

import (
	"errors"
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
	where, expr      string  // of the index or the unique constraint
	desc             bool
	fk, fkName       string
	refTable, refCol string
	onDelete         schema.Action
	onUpdate         schema.Action
	deferrable       bool
	def              *string
	created, updated bool
	version, soft    bool           // version, softdelete
	checks           []schema.Check // without a name if the tag gives none
	server           schema.PerBackend
	generated        schema.PerBackend
	was              string
	flat             bool   // the struct's fields are columns
	prefix           string // of those columns
	enum             []string
	types            schema.PerBackend
}

// later are options that are planned and refused until they work.
var later = []string{
	"array", "computed", "func", "orm", "text",
}

// Options by what may stand behind them.
var (
	valued = []string{"check", "default", "enum", "expr", "fk", "generated", "ondelete", "onupdate", "prefix", "server", "type", "was", "where"}
	alone  = []string{"created", "deferrable", "desc", "embed", "json", "pk", "softdelete", "updated", "version"}
)

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
	return t, t.check()
}

// option takes one option in.
func (t *tag) option(key, val string, has bool) error {
	base, part, dotted := strings.Cut(key, ".")
	wants, plain := slices.Contains(valued, base), slices.Contains(alone, key)
	switch {
	case dotted && !slices.Contains(parted, base):
		return fmt.Errorf("unknown option %s", key)
	case wants && !has:
		return fmt.Errorf("option %s needs a value: %s=…", key, key)
	case wants && val == "" && key != "default":
		return fmt.Errorf("option %s has an empty value", key)
	case plain && has:
		return fmt.Errorf("option %s takes no value", key)
	}
	switch base {
	case "pk":
		t.pk = true
	case "json":
		t.json = true
	case "created":
		t.created = true
	case "updated":
		t.updated = true
	case "version":
		t.version = true
	case "softdelete":
		t.soft = true
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
		t.fk, t.fkName, t.refTable, t.refCol = val, part, table, col
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
	case "deferrable":
		t.deferrable = true
	case "desc":
		t.desc = true
	case "where":
		t.where = val
	case "expr":
		t.expr = val
	case "check":
		t.checks = append(t.checks, schema.Check{Name: part, Expr: val})
	case "was":
		t.was = val
	case "embed":
		t.flat = true
	case "prefix":
		t.flat, t.prefix = true, val
	case "enum":
		t.enum = strings.Split(val, "|")
	case "server":
		return perBackend(&t.server, base, part, dotted, val)
	case "generated":
		return perBackend(&t.generated, base, part, dotted, val)
	case "type":
		return perBackend(&t.types, base, part, dotted, val)
	default:
		if slices.Contains(later, key) {
			return fmt.Errorf("option %s is not supported yet", key)
		}
		return fmt.Errorf("unknown option %s", key)
	}
	return nil
}

// parted are options that may have a second word behind a dot.
var parted = []string{"check", "fk", "generated", "server", "type"}

// perBackend takes in an option that may be given for one database.
func perBackend(p *schema.PerBackend, base, backend string, dotted bool, val string) error {
	if dotted && backend != "postgres" && backend != "sqlite" {
		return fmt.Errorf("option %s.%s: want %s=, %s.postgres= or %s.sqlite=", base, backend, base, base, base)
	}
	if *p == nil {
		*p = schema.PerBackend{}
	}
	(*p)[backend] = val
	return nil
}

// check reports options that do not go together.
func (t *tag) check() error {
	both := func(name string, p schema.PerBackend) error {
		if p != nil && (p.For("postgres") == "" || p.For("sqlite") == "") {
			return fmt.Errorf("%s is given for one database only: add %s= for the other", name, name)
		}
		return nil
	}
	switch {
	case (t.onDelete != "" || t.onUpdate != "") && t.fk == "":
		return errors.New("ondelete and onupdate belong to a foreign key: add fk=table.column")
	case t.deferrable && t.fk == "":
		return errors.New("deferrable belongs to a foreign key: add fk=table.column")
	case (t.where != "" || t.expr != "" || t.desc) && t.index == nil && t.unique == nil:
		return errors.New("where, expr and desc belong to an index: add index or unique")
	case (t.where != "" || t.expr != "" || t.desc) && t.index != nil && t.unique != nil:
		return errors.New("where, expr and desc are for one of index and unique, and both stand here: a unique one is an index too, so drop index")
	case t.server != nil && (t.def != nil || t.created || t.updated):
		return errors.New("server and default, created or updated would both give the value: keep one")
	case t.generated != nil && (t.server != nil || t.def != nil || t.created || t.updated || t.pk || t.fk != ""):
		return errors.New("a generated column is made of others: it takes no pk, fk, default, server, created or updated")
	case (t.version || t.soft) && (t.pk || t.fk != "" || t.def != nil || t.server != nil || t.generated != nil || t.created || t.updated || t.version && t.soft):
		return errors.New("version and softdelete are written by Spillway alone: they take no pk, fk, default, server, generated, created or updated")
	case t.flat && (t.version || t.soft || t.pk || t.json || t.fk != "" || t.name != "" || t.unique != nil || t.index != nil || t.types != nil || t.server != nil || t.generated != nil || t.def != nil):
		return errors.New("embed and prefix make columns of a struct's fields: give the other options to those")
	}
	return errors.Join(both("server", t.server), both("generated", t.generated))
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
