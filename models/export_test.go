package models

import (
	"context"
	"reflect"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// ColumnType is the kind of column of a type, or of a pointer to it.
func ColumnType(t reflect.Type, asJSON, nullable bool) (schema.Type, error) {
	if nullable {
		t = reflect.PointerTo(t)
	}
	c, err := codecFor(t, asJSON)
	if err != nil {
		return schema.Type{}, err
	}
	return schema.Type{Kind: c.kind, Elem: c.items}, nil
}

// Occupy takes the session's lock, as a call of another goroutine would.
func Occupy(s *Session) (release func()) {
	<-s.lock
	return s.leave
}

// RawSQL is the text of raw SQL in a dialect.
func RawSQL(sql string, args Args, d dialect.Dialect) (string, error) {
	q := Raw[int](Unsafe(sql), args)
	if q.q.err != nil {
		return "", q.q.err
	}
	st, err := q.q.raw.statement(d)
	return st.SQL, err
}

// Changed lists the columns in which an object of the session differs from its row.
func Changed(s *Session, x any) (cols []string) {
	t, obj, err := s.unit.object("Changed", x)
	if err != nil {
		panic(err)
	}
	for _, f := range s.unit.recordOf(t, obj).changed(nil) {
		cols = append(cols, f.name)
	}
	return cols
}

// QueryText is a query of which only the text, and whether it can be carried out, is
// wanted.
type QueryText struct {
	text func(d dialect.Dialect) (string, error)
	run  func(ctx context.Context, h Handle) error
}

// AsText forgets what the rows of a query are.
func AsText[R any](q Query[R]) QueryText {
	return QueryText{
		func(d dialect.Dialect) (string, error) {
			text, _, err := q.SQL(d)
			return text, err
		},
		func(ctx context.Context, h Handle) (err error) {
			if q.q.kind == selectQuery || q.q.kind == rawQuery || q.q.returning != nil {
				_, err = All(ctx, h, q)
			} else {
				_, err = Exec(ctx, h, q)
			}
			return err
		},
	}
}

// SQL is the text of the query.
func (q QueryText) SQL(d dialect.Dialect) (string, error) { return q.text(d) }

// Run carries the query out.
func (q QueryText) Run(ctx context.Context, h Handle) error { return q.run(ctx, h) }
