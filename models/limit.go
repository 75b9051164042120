package models

import (
	"fmt"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// limitOf returns the LIMIT of a query.
func limitOf(q *query) (n int, ok bool) {
	p, ok := q.sel.Limit.(dialect.Param)
	if !ok {
		return 0, false
	}
	return int(p.Value.Int64()), true
}

// codecOf returns the codec for a plain value's type.
func codecOf[T any](T) (*codec, error) {
	c, err := codecFor(reflect.TypeFor[T](), false)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	return c, nil
}
