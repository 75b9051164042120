package models

import (
	"context"

	"github.com/spillwaydb/spillway/internal/link"
)

// All returns the rows of q, an empty slice (nil) if there are none. In a session
// objects that it knows already come back as they are; see [Session].
func All[R any](ctx context.Context, h Handle, q Query[R]) ([]R, error) {
	return run(ctx, h, func(t Target) link.Chain[[]R] { return CallAll(t, q) })
}

// First returns the first row of q, or [ErrNotFound].
func First[R any](ctx context.Context, h Handle, q Query[R]) (R, error) {
	return run(ctx, h, func(t Target) link.Chain[R] { return CallFirst(t, q) })
}

// One returns the only row of q: none is [ErrNotFound], more than one [ErrMultiple].
func One[R any](ctx context.Context, h Handle, q Query[R]) (R, error) {
	return run(ctx, h, func(t Target) link.Chain[R] { return CallOne(t, q) })
}

// Count returns the number of rows of q: with Limit at most that, with GroupBy the
// number of groups.
func Count[R any](ctx context.Context, h Handle, q Query[R]) (int64, error) {
	return run(ctx, h, func(t Target) link.Chain[int64] { return CallCount(t, q) })
}

// Exists reports whether q has a row.
func Exists[R any](ctx context.Context, h Handle, q Query[R]) (bool, error) {
	return run(ctx, h, func(t Target) link.Chain[bool] { return CallExists(t, q) })
}

// Exec carries q out without reading rows and returns the number of rows that it
// changed.
func Exec[R any](ctx context.Context, h Handle, q Query[R]) (int64, error) {
	return run(ctx, h, func(t Target) link.Chain[int64] { return CallExec(t, q) })
}

// Get returns the object of T with that key, or [ErrNotFound]. The key is a value of
// the key field's type or a constant that fits it; for a composite key a [Key]. In a
// session an object that it knows already is returned without asking the database.
func Get[T any](ctx context.Context, h Handle, key any) (*T, error) {
	return run(ctx, h, func(t Target) link.Chain[*T] { return CallGet[T](t, key) })
}

// Create inserts x at once and fills in what the database makes, such as the key. In a
// session that is Add and Flush in one.
func Create[T any](ctx context.Context, h Handle, x *T) error {
	_, err := run(ctx, h, func(t Target) link.Chain[struct{}] { return CallCreate(t, x) })
	return err
}

// CallAll compiles [All]. The functions that begin with Call are for package async.
func CallAll[R any](t Target, q Query[R]) link.Chain[[]R] {
	return queryCall(t, q.q, q.q.limit(), func(rows rowRange) ([]R, error) { return rowsAt[R](rows), nil })
}

// CallFirst compiles [First].
func CallFirst[R any](t Target, q Query[R]) link.Chain[R] {
	return queryCall(t, q.q.atMost(1), 1, func(rows rowRange) (r R, err error) {
		if rows.n == 0 {
			return r, ErrNotFound
		}
		return rowsAt[R](rows)[0], nil
	})
}

// CallOne compiles [One].
func CallOne[R any](t Target, q Query[R]) link.Chain[R] {
	return queryCall(t, q.q.atMost(2), 2, func(rows rowRange) (r R, err error) {
		switch rows.n {
		case 0:
			return r, ErrNotFound
		case 1:
			return rowsAt[R](rows)[0], nil
		}
		return r, ErrMultiple
	})
}

// CallCount compiles [Count].
func CallCount[R any](t Target, q Query[R]) link.Chain[int64] {
	return scalarCall[int64](t, q.q, "Count", writeCount)
}

// CallExists compiles [Exists].
func CallExists[R any](t Target, q Query[R]) link.Chain[bool] {
	return scalarCall[bool](t, q.q, "Exists", writeExists)
}

// limit returns the LIMIT of q, 0 if there is none.
func (q *query) limit() int {
	if q == nil {
		return 0
	}
	if p, ok := limitOf(q); ok {
		return p
	}
	return 0
}

// atMost lowers the LIMIT of q to n.
func (q *query) atMost(n int) *query {
	if q == nil || q.err != nil || q.kind != selectQuery {
		return q
	}
	if have, ok := limitOf(q); ok && have <= n {
		return q
	}
	return q.limitTo(n)
}
