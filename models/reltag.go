package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// relTag is what the rel tag of a field says.
type relTag struct {
	fkName, otherName string // Go fields
	backName          string
	through           string // a struct
	lazy              strategy
	delete, orphan    bool
	viewOnly          bool
	orderNames        []string // Go fields, "-" before those that go down
}

// A strategy is how a relation is loaded.
type strategy uint8

const (
	loadLazy strategy = iota
	loadSelectIn
	loadJoined
	loadSubquery
	loadImmediate
	loadRaise
	loadNone
)

var strategies = map[string]strategy{
	"lazy": loadLazy, "select": loadLazy, "selectin": loadSelectIn, "joined": loadJoined, "subquery": loadSubquery,
	"immediate": loadImmediate, "raise": loadRaise, "noload": loadNone,
}

// parseRelTag reads a rel tag. Its errors do not name the field.
func parseRelTag(text string) (t relTag, err error) {
	if strings.TrimSpace(text) == "" {
		return t, nil
	}
	parts, err := splitTag(text)
	if err != nil {
		return t, err
	}
	for _, p := range parts {
		key, val, has := strings.Cut(strings.TrimSpace(p), "=")
		key, val = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(val), "'")
		if key == "viewonly" && !has {
			t.viewOnly = true
			continue
		}
		if !slices.Contains([]string{"fk", "other", "back", "through", "lazy", "cascade", "order"}, key) {
			return t, fmt.Errorf("unknown option %q: want fk=, other=, back=, through=, lazy=, cascade=, order= or viewonly", key)
		}
		if !has || val == "" {
			return t, fmt.Errorf("option %s needs a value: %s=…", key, key)
		}
		switch key {
		case "fk":
			t.fkName = val
		case "other":
			t.otherName = val
		case "back":
			t.backName = val
		case "through":
			t.through = val
		case "lazy":
			s, ok := strategies[val]
			if !ok {
				return t, fmt.Errorf("lazy=%s: want select, selectin, joined, subquery, immediate, raise or noload", val)
			}
			t.lazy = s
		case "cascade":
			for _, word := range strings.FieldsFunc(val, func(r rune) bool { return r == ' ' || r == '+' }) {
				switch word {
				case "delete":
					t.delete = true
				case "delete-orphan": // an orphan is deleted, so what is left of a deleted owner is too
					t.delete, t.orphan = true, true
				default:
					return t, fmt.Errorf("cascade=%s: want delete or delete-orphan (new objects are always saved)", word)
				}
			}
		case "order":
			t.orderNames = strings.Fields(val)
		}
	}
	switch {
	case t.viewOnly && (t.backName != "" || t.delete):
		return t, errors.New("a viewonly relation changes nothing: back and cascade do not fit")
	case t.otherName != "" && t.through == "":
		return t, errors.New("option other belongs to through")
	case t.through != "" && t.orphan:
		return t, errors.New("cascade=delete-orphan does not fit through: other objects may lead to the same one")
	}
	return t, nil
}
