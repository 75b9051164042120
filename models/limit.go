package models

import (
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// limitOf returns the LIMIT of a query.
func limitOf(q *query) (n int, ok bool) {
	l, ok := q.sel.Limit.(dialect.Number)
	return int(l.N), ok
}

// codecOf returns the codec for a plain value's type.
func codecOf[T any](T) (*codec, error) {
	c, err := codecFor(reflect.TypeFor[T](), false)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	return c, nil
}
