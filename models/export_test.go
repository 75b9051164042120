package models

import (
	"reflect"

	"github.com/spillwaydb/spillway/internal/schema"
)

// ColumnType is the kind of column of a type, or of a pointer to it.
func ColumnType(t reflect.Type, asJSON, nullable bool) (schema.Kind, error) {
	if nullable {
		t = reflect.PointerTo(t)
	}
	c, err := codecFor(t, asJSON)
	if err != nil {
		return 0, err
	}
	return c.kind, nil
}

// Occupy takes the session's lock, as a call of another goroutine would.
func Occupy(s *Session) (release func()) {
	<-s.lock
	return s.leave
}
